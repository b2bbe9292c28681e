package notify

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"redress/domain"
)

var secret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("thirty-two bytes of test secret."))

func secretFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	ok(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// receiver is a webhook's other end: it checks signatures and keeps the bodies.
type receiver struct {
	mu     sync.Mutex
	answer int
	bodies map[uuid.UUID][]string
	faults []error
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, err := io.ReadAll(request.Body)
	if err == nil {
		var verifier *standardwebhooks.Webhook
		if verifier, err = standardwebhooks.NewWebhook(secret); err == nil {
			err = verifier.Verify(body, request.Header)
		}
	}
	id, parsing := uuid.Parse(request.Header.Get("webhook-id"))
	if err != nil || parsing != nil || request.Header.Get("Content-Type") != "application/cloudevents+json; charset=UTF-8" {
		r.faults = append(r.faults, err, parsing)
	}
	r.bodies[id] = append(r.bodies[id], string(body))
	if r.answer == http.StatusFound {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(r.answer)
}

func (r *receiver) answers(code int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = code
}

func TestAWebhookGetsSignedEventsAndNothingPersonal(t *testing.T) {
	w := newTown(t)
	receiver := &receiver{answer: http.StatusNoContent, bodies: map[uuid.UUID][]string{}}
	server := httptest.NewServer(receiver)
	defer server.Close()
	d, err := NewDispatcher(w.wiring(), Addresses{WebhookURL: server.URL + "/hook", WebhookSecretFile: secretFile(t, secret+"\n")}, All)
	ok(t, err)
	d.patience = []time.Duration{300 * time.Millisecond, 300 * time.Millisecond}
	runs(t, d.Run)
	w.registered("webhook")
	runs(t, NewFanout(w.wiring()).Run)
	w.complained(domain.ViaWeb)
	for _, r := range w.published() {
		w.becomes("webhook", r.ID, Sent)
		bodies := receiver.bodies[r.ID]
		if len(bodies) != 1 || strings.Contains(bodies[0], canary) || strings.Contains(bodies[0], `"box"`) {
			t.Fatalf("event %s came as %q", r.Type, bodies)
		}
		var event cloudEvent
		ok(t, json.Unmarshal([]byte(bodies[0]), &event, json.RejectUnknownMembers(true)))
		want := messageOf(tenant, r)
		if event.ID != r.ID || event.SpecVersion != "1.0" || event.Type != r.Type || event.Source != "/redress/"+tenant || event.Subject != r.Stream || event.Data != want {
			t.Errorf("the event came as %+v", event)
		}
	}

	receiver.answers(http.StatusFound)
	w.complained(domain.ViaWeb)
	for _, r := range w.published()[2:] {
		w.becomes("webhook", r.ID, Failed)
		if _, why := w.stateOf("webhook", r.ID); why != "the receiver answered 302" {
			t.Errorf("a redirect ends with %q", why)
		}
		if tries := len(receiver.bodies[r.ID]); tries != 3 {
			t.Errorf("tried %d times, want 3", tries)
		}
	}
	if len(receiver.faults) > 0 {
		t.Errorf("the receiver found fault: %v", receiver.faults)
	}
}

func TestOnlyAddressesOnTheInternetAreCalled(t *testing.T) {
	for _, address := range []string{
		"127.0.0.1:443", "10.1.2.3:443", "172.16.0.1:443", "192.168.1.1:443", "169.254.169.254:80", "0.0.0.0:443", "100.64.0.1:443", "224.0.0.1:443",
		"[::1]:443", "[::]:443", "[fe80::1]:443", "[fd00::1]:443", "[::ffff:10.0.0.1]:443", "[64:ff9b::a00:1]:443", "[2002:a00:1::]:443", "[ff02::1]:443", "nonsense",
	} {
		if reachable(address, false) == nil {
			t.Errorf("%s would be called", address)
		}
	}
	for _, address := range []string{"93.184.216.34:443", "[2606:2800:220:1:248:1893:25c8:1946]:443"} {
		if err := reachable(address, false); err != nil {
			t.Errorf("%s would not be called: %v", address, err)
		}
		if reachable(address, true) == nil {
			t.Errorf("%s would be called in place of this machine", address)
		}
	}
}

// A name that turns out to be inside is refused when it is dialled, not before.
func TestANameThatLeadsInsideIsRefused(t *testing.T) {
	send, err := openWebhook(Addresses{WebhookURL: "https://127.0.0.1.nip.invalid", WebhookSecretFile: secretFile(t, secret)}, Source{})
	ok(t, err)
	if err := send(t.Context(), Message{EventID: uuid.New()}); err == nil || strings.Contains(err.Error(), "https://") {
		t.Errorf("an unknown name gives %v", err)
	}
}

func TestSecretsThatAreTooShortAreRefused(t *testing.T) {
	for _, text := range []string{"", "whsec_", "whsec_c2hvcnQ=", strings.TrimPrefix(secret, "whsec_"), "whsec_not base64 but long enough to be one"} {
		if _, err := openWebhook(Addresses{WebhookURL: "https://example.org", WebhookSecretFile: secretFile(t, text)}, Source{}); err == nil {
			t.Errorf("the secret %q was accepted", text)
		}
	}
}
