package notify

import (
	"errors"
	"io"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"

	"redress/domain"
)

// postOffice is a mail server that keeps what it is given.
type postOffice struct {
	mu      sync.Mutex
	refuses []*smtp.SMTPError // the answers to the next recipients; then it accepts
	asked   int
	letters []delivered
}

type delivered struct {
	from, to string
	message  *mail.Message
	text     string
}

// opens serves on a free port of loopback and returns the address.
func (p *postOffice) opens(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &visit{office: p}, nil }))
	server.Domain, server.ReadTimeout, server.WriteTimeout = "localhost", 10*time.Second, 10*time.Second
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Close()
		<-ended
	})
	return "smtp://" + listener.Addr().String()
}

func (p *postOffice) all() []delivered {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]delivered(nil), p.letters...)
}

// visit is one SMTP session.
type visit struct {
	office *postOffice
	mail   delivered
}

func (v *visit) Reset()                                      { v.mail = delivered{} }
func (v *visit) Logout() error                               { return nil }
func (v *visit) Mail(from string, _ *smtp.MailOptions) error { v.mail.from = from; return nil }

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.office.mu.Lock()
	defer v.office.mu.Unlock()
	v.office.asked++
	if len(v.office.refuses) > 0 {
		answer := v.office.refuses[0]
		v.office.refuses = v.office.refuses[1:]
		return answer
	}
	v.mail.to = to
	return nil
}

func (v *visit) Data(r io.Reader) error {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(quotedprintable.NewReader(message.Body))
	if err != nil {
		return err
	}
	v.mail.message, v.mail.text = message, strings.ReplaceAll(string(text), "\r\n", "\n")
	v.office.mu.Lock()
	defer v.office.mu.Unlock()
	v.office.letters = append(v.office.letters, v.mail)
	return nil
}

// posts runs fan-out and mail for a town.
func (w *town) posts(office *postOffice) *Dispatcher {
	w.t.Helper()
	d, err := NewDispatcher(w.wiring(), Addresses{SMTPURL: office.opens(w.t), MailFrom: "Complaints team <complaints@council.example>"}, All)
	ok(w.t, err)
	d.patience = []time.Duration{300 * time.Millisecond, 300 * time.Millisecond}
	runs(w.t, d.Run)
	w.registered("email")
	runs(w.t, NewFanout(w.wiring()).Run)
	return d
}

const wantLetter = `We have received your complaint and are looking into it.

Your reference: RD-2026-000007
Where it stands: stage 1
We will reply by: 16 March 2026

Please give the reference whenever you contact us about this. You can reply to this
email. If you would like us to write in another way, for example in large print or in
another language, tell us and we will do so.

You can ask for free, independent advice at any time from:

- Local Government and Social Care Ombudsman
- Housing Ombudsman Service

This email was sent automatically. To protect your privacy it does not repeat what you
told us.
`

func TestAnAcknowledgementGoesOutByEmail(t *testing.T) {
	w := newTown(t)
	var office postOffice
	w.posts(&office)
	person, complaint := w.complained(domain.ViaWeb)
	event := w.acknowledged(person, complaint, "email", domain.ViaWeb)
	w.becomes("email", event, Sent)
	letters := office.all()
	if len(letters) != 1 {
		t.Fatalf("%d letters, want 1", len(letters))
	}
	letter := letters[0]
	if letter.from != "complaints@council.example" || letter.to != canary+"@example.org" {
		t.Errorf("it goes from %s to %s", letter.from, letter.to)
	}
	for name, want := range map[string]string{
		"Subject":        "We have received your complaint: RD-2026-000007",
		"From":           `"Complaints team" <complaints@council.example>`,
		"Message-ID":     "<" + event.String() + "@council.example>",
		"Auto-Submitted": "auto-generated",
	} {
		if got := letter.message.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if letter.text != wantLetter {
		t.Errorf("the letter is\n%s\nwant\n%s", letter.text, wantLetter)
	}
	if strings.Contains(letter.text, canary) {
		t.Error("the letter repeats something personal")
	}
	ok(t, w.searchBroker())
}

func TestWhoHasMovedIsWrittenToAtTheNewAddress(t *testing.T) {
	w := newTown(t)
	var office postOffice
	w.posts(&office)
	person, complaint := w.complained(domain.ViaWeb)
	w.happened(domain.PersonStream(person), 1, domain.ViaWeb,
		domain.PersonAmended{PersonID: person, Fields: []domain.PersonField{domain.PersonContacts}, Contacts: domain.Plain("new@example.org")},
		domain.PersonAmended{PersonID: person, Fields: []domain.PersonField{domain.PersonName}, Name: domain.Plain("Jenny New")})
	w.becomes("email", w.acknowledged(person, complaint, "email", domain.ViaWeb), Sent)
	if letters := office.all(); len(letters) != 1 || letters[0].to != "new@example.org" {
		t.Errorf("the letters: %v", letters)
	}
}

func TestWhoIsErasedOrUnknownIsNotWrittenTo(t *testing.T) {
	w := newTown(t)
	var office postOffice
	d := w.posts(&office)
	person, complaint := w.complained(domain.ViaWeb)
	w.happened(domain.PersonStream(person), 1, domain.ViaWeb, domain.PersonalDataErased{})
	erased := w.acknowledged(person, complaint, "email", domain.ViaWeb)

	person, complaint = w.complained(domain.ViaWeb)
	_, err := w.vault.Destroy(t.Context(), domain.PersonStream(person))
	ok(t, err)
	shredded := w.acknowledged(person, complaint, "email", domain.ViaWeb)

	person, complaint = w.complained(domain.ViaWeb)
	letter := w.acknowledged(person, complaint, "letter", domain.ViaWeb)

	anonymous := uuid.New()
	w.happened(domain.CaseStream(anonymous), 0, domain.ViaWeb, domain.Received{CaseRef: "RD-2026-000008", Kind: "complaint", ReceivedAt: w.now, Stage: "s1"})
	nobody := w.acknowledged(uuid.New(), anonymous, "email", domain.ViaWeb)

	silent := uuid.New()
	w.happened(domain.PersonStream(silent), 0, domain.ViaWeb, domain.PersonRecorded{PersonID: silent, Contacts: domain.Plain("01234 567890")})
	complaint = uuid.New()
	w.happened(domain.CaseStream(complaint), 0, domain.ViaWeb, domain.Received{CaseRef: "RD-2026-000009", Kind: "complaint", ReceivedAt: w.now, Stage: "s1", Complainant: &silent})
	addressless := w.acknowledged(silent, complaint, "email", domain.ViaWeb)

	for event, want := range map[uuid.UUID]string{
		erased: "the person has been erased", shredded: "the person has been erased", letter: "it does not go by email", nobody: "the case has no complainant",
	} {
		w.becomes("email", event, Dropped)
		if _, why := w.stateOf("email", event); why != want {
			t.Errorf("the reason is %q, want %q", why, want)
		}
	}
	w.becomes("email", addressless, Failed)
	if n := len(office.all()); n != 0 {
		t.Errorf("%d letters went out", n)
	}
	failed, err := d.Waiting(t.Context(), Failed, 10)
	ok(t, err)
	if len(failed) != 1 || failed[0].EventID != addressless || failed[0].Why != "no email address is recorded" {
		t.Errorf("the list of failures is %+v", failed)
	}
}

func TestAMailServerThatRefusesIsTriedAgainUnlessForGood(t *testing.T) {
	w := newTown(t)
	office := postOffice{refuses: []*smtp.SMTPError{{Code: 451, Message: "later, " + canary}, {Code: 550, Message: "no " + canary + "@example.org here"}}}
	w.posts(&office)
	person, complaint := w.complained(domain.ViaWeb)
	event := w.acknowledged(person, complaint, "email", domain.ViaWeb)
	w.becomes("email", event, Failed)
	if _, why := w.stateOf("email", event); why != "the mail server answered 550" {
		t.Errorf("the reason is %q", why)
	}
	if office.asked != 2 {
		t.Errorf("the server was asked %d times, want 2", office.asked)
	}
}

func TestMailErrorsHoldNothingOfTheServers(t *testing.T) {
	p := &postbox{domain: "council.example"}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	address := listener.Addr().String()
	listener.Close()
	ok(t, p.configure("smtp://"+address))
	for _, wrong := range []string{"", "smtp://", "http://localhost", "smtp://localhost:x"} {
		if err := p.configure(wrong); err == nil {
			t.Errorf("%q was accepted", wrong)
		}
	}
	if _, err := openEmail(Addresses{SMTPURL: "smtp://u:secret@host\x7f", MailFrom: "a@example.org"}, Source{}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a wrong address gives %v", err)
	}
	var closed *settled
	if err := p.send(t.Context(), nil); err == nil || errors.As(err, &closed) {
		t.Errorf("a server that is away gives %v, which is for good", err)
	}
}
