package notify

import (
	"context"
	"crypto/tls"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/google/uuid"
	gomail "github.com/wneessen/go-mail"

	"redress/domain"
	"redress/eventstore"
	"redress/eventstore/vault"
)

// email sends the letter of acknowledgement (N04 of the specification) to the complainant, where the acknowledgement is
// to go by email.
var email = Notifier{Name: "email", Types: []string{"Acknowledged"}, Open: openEmail}

//go:embed letters/acknowledged.txt
var acknowledgedText string

var acknowledgedLetter = template.Must(template.New("acknowledged").Parse(acknowledgedText))

const smtpTimeout = 15 * time.Second

// postbox is a mail server and what is sent through it.
type postbox struct {
	host    string
	options []gomail.Option
	from    string
	domain  string // of the sender's address
	source  Source
}

func openEmail(a Addresses, source Source) (Send, error) {
	if a.SMTPURL == "" {
		return nil, nil
	}
	from, err := mail.ParseAddress(a.MailFrom)
	if err != nil {
		return nil, errors.New("REDRESS_MAIL_FROM: must be one email address")
	}
	p := &postbox{from: from.String(), source: source}
	_, p.domain, _ = strings.Cut(from.Address, "@")
	if err := p.configure(a.SMTPURL); err != nil {
		return nil, fmt.Errorf("REDRESS_SMTP_URL: %w", err)
	}
	return p.acknowledge, nil
}

// configure reads smtp://USER:PASSWORD@HOST:PORT (STARTTLS, which only a server on this machine may lack) or smtps://…
// (TLS from the start).
func (p *postbox) configure(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return errors.New("must look like smtp://HOST:PORT or smtps://HOST:PORT")
	}
	p.host = u.Hostname()
	port := map[string]int{"smtp": 587, "smtps": 465}[u.Scheme]
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return errors.New("the port is no number")
		}
	}
	p.options = []gomail.Option{
		gomail.WithPort(port), gomail.WithTimeout(smtpTimeout), gomail.WithHELO(p.domain),
		gomail.WithTLSConfig(&tls.Config{ServerName: p.host, MinVersion: tls.VersionTLS12}),
	}
	ip, err := netip.ParseAddr(p.host)
	switch local := p.host == "localhost" || err == nil && ip.IsLoopback(); {
	case u.Scheme == "smtps":
		p.options = append(p.options, gomail.WithSSL())
	case local:
		p.options = append(p.options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		p.options = append(p.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if u.User != nil {
		password, _ := u.User.Password()
		p.options = append(p.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	return nil
}

// letter is what the template prints. It has nothing that the complainant told us.
type letter struct {
	Kind      string
	Reference string
	Stage     string
	Due       string // empty where none was promised
	Bodies    []string
}

// acknowledge sends the letter for one acknowledgement.
func (p *postbox) acknowledge(ctx context.Context, m Message) error {
	record, err := p.source.event(ctx, m.EventID, m.Position)
	if err != nil {
		return err
	}
	event, ok := record.Event.(domain.Acknowledged)
	if !ok {
		return hopeless("the event is no acknowledgement")
	}
	if event.Form != formEmail {
		return never("it does not go by email")
	}
	about, err := p.source.complaint(ctx, record.Stream)
	if err != nil {
		return err
	}
	if about.Complainant == nil {
		return never("the case has no complainant")
	}
	var text strings.Builder
	if err := acknowledgedLetter.Execute(&text, letterOf(event, about)); err != nil {
		return hopeless("the letter cannot be written")
	}
	message := gomail.NewMsg()
	message.Subject(fmt.Sprintf("We have received your %s: %s", kindInWords(about.Kind), about.Ref))
	message.SetMessageIDWithValue(m.EventID.String() + "@" + p.domain)
	message.SetDate()
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetGenHeader("X-Auto-Response-Suppress", "All")
	message.SetBodyString(gomail.TypeTextPlain, text.String())
	if err := message.From(p.from); err != nil {
		return hopeless("the sender's address cannot be used")
	}
	// The address is opened last, and lives no longer than the letter.
	to, err := p.source.address(ctx, *about.Complainant)
	if err != nil {
		return err
	}
	if err := message.To(to); err != nil {
		return hopeless("the recorded email address cannot be used")
	}
	return p.send(ctx, message)
}

// send hands a message to the server. Its errors hold the server's code and never its words, in which there may be the
// address.
func (p *postbox) send(ctx context.Context, message *gomail.Msg) error {
	client, err := gomail.NewClient(p.host, p.options...)
	if err != nil {
		return hopeless("the mail server's settings cannot be used")
	}
	err = client.DialAndSendWithContext(ctx, message)
	if err == nil {
		return nil
	}
	if refused, ok := errors.AsType[*gomail.SendError](err); ok {
		if code := refused.ErrorCode(); code >= 500 {
			return hopeless(fmt.Sprintf("the mail server answered %d", code))
		} else if code > 0 {
			return fmt.Errorf("the mail server answered %d", code)
		}
		return errors.New("the mail server broke off")
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return errors.New("the mail server cannot be reached")
	}
	return errors.New("the mail server does not take mail from us")
}

// formEmail is the form of an acknowledgement that goes by email.
const formEmail domain.Form = "email"

func letterOf(event domain.Acknowledged, about *domain.Case) letter {
	l := letter{Kind: kindInWords(about.Kind), Reference: about.Ref, Stage: stageInWords(event.Stage)}
	if !event.DueQuoted.IsZero() {
		l.Due = dateInWords(event.DueQuoted)
	}
	for _, body := range event.OmbudsmanBodies {
		l.Bodies = append(l.Bodies, bodyNames[body])
	}
	return l
}

var bodyNames = map[domain.OmbudsmanBody]string{
	"LGSCO": "Local Government and Social Care Ombudsman",
	"HOS":   "Housing Ombudsman Service",
	"ICO":   "Information Commissioner's Office",
}

func kindInWords(kind domain.Kind) string { return strings.ReplaceAll(string(kind), "_", " ") }

var numberedStage = regexp.MustCompile(`^s([0-9]+)$`)

// stageInWords says a stage as people do. Stages are called s1, s2 and so on, or something that a council chose.
func stageInWords(stage domain.Label) string {
	if n := numberedStage.FindStringSubmatch(string(stage)); n != nil {
		return "stage " + n[1]
	}
	return strings.ReplaceAll(string(stage), "_", " ")
}

func dateInWords(d domain.Date) string {
	year, month, day := d.Civil()
	return fmt.Sprintf("%d %s %d", day, month, year)
}

// event reads one event and makes sure that it is the one that was meant.
func (s Source) event(ctx context.Context, id uuid.UUID, position uint64) (eventstore.Record, error) {
	record, err := s.Store.EventAt(ctx, position)
	if errors.Is(err, eventstore.ErrNoEvent) || err == nil && record.ID != id {
		return record, hopeless("the log has no such event")
	}
	return record, err
}

// complaint folds a case's stream.
func (s Source) complaint(ctx context.Context, stream string) (*domain.Case, error) {
	var records []domain.Recorded
	for r, err := range s.Store.Read(ctx, stream, 0) {
		if err != nil {
			return nil, err
		}
		records = append(records, r.Recorded)
	}
	folded, err := domain.Fold(records)
	if err != nil || folded == nil {
		return nil, hopeless("the case cannot be read")
	}
	return folded, nil
}

// address opens a person's email address. Whoever has been erased has none, and is not written to.
func (s Source) address(ctx context.Context, person uuid.UUID) (string, error) {
	var contacts domain.Personal
	for r, err := range s.Store.Read(ctx, domain.PersonStream(person), 0) {
		if err != nil {
			return "", err
		}
		switch e := r.Event.(type) {
		case domain.PersonRecorded:
			contacts = e.Contacts
		case domain.PersonAmended:
			if e.Amends(domain.PersonContacts) {
				contacts = e.Contacts
			}
		case domain.PersonalDataErased:
			return "", never("the person has been erased")
		}
	}
	text, err := s.Store.Reveal(ctx, contacts)
	switch {
	case errors.Is(err, vault.ErrDestroyed):
		return "", never("the person has been erased")
	case err != nil:
		return "", err
	}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;<>()", r) }) {
		word = strings.TrimPrefix(word, "mailto:")
		if found, err := mail.ParseAddress(word); err == nil {
			return found.Address, nil
		}
	}
	return "", hopeless("no email address is recorded")
}
