package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// webhook posts every event to one address of the council's choosing, in CloudEvents' structured form, signed by the
// rules of standardwebhooks.com. The message id is the event id: a receiver that remembers it takes a repetition once.
var webhook = Notifier{Name: "webhook", Open: openWebhook}

const (
	webhookTimeout = 15 * time.Second
	// answerLimit is how much of an answer is read before the connection is given up.
	answerLimit  = 64 << 10
	shortestSeed = 24 // bytes of a signing secret, by the standard
)

// caller is one receiver of webhooks.
type caller struct {
	address string
	secret  *standardwebhooks.Webhook
	client  *http.Client
}

func openWebhook(a Addresses, _ Source) (Send, error) {
	if a.WebhookURL == "" {
		return nil, nil
	}
	local, err := checkWebhookURL(a.WebhookURL)
	if err != nil {
		return nil, fmt.Errorf("REDRESS_WEBHOOK_URL: %w", err)
	}
	secret, err := readSecret(a.WebhookSecretFile)
	if err != nil {
		return nil, fmt.Errorf("REDRESS_WEBHOOK_SECRET_FILE: %w", err)
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		return reachable(address, local)
	}}
	c := &caller{address: a.WebhookURL, secret: secret, client: &http.Client{
		Timeout: webhookTimeout,
		// No proxy: it would do the dialling, and the address could not be checked.
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, DisableKeepAlives: true,
			TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: webhookTimeout, MaxResponseHeaderBytes: answerLimit,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	return c.post, nil
}

// checkWebhookURL accepts https, and http where the host is this machine; then local is true.
func checkWebhookURL(address string) (local bool, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return false, errors.New("is no URL")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	local = u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	if u.Scheme != "https" && !(local && u.Scheme == "http") {
		return false, errors.New("must be https:// (http:// is for this machine only)")
	}
	return local, nil
}

func readSecret(file string) (*standardwebhooks.Webhook, error) {
	if file == "" {
		return nil, errors.New("is needed with a webhook")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	secret, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "whsec_")
	w, err := standardwebhooks.NewWebhook(secret)
	if !ok || err != nil || len(secret)*3/4 < shortestSeed {
		return nil, errors.New("the file must hold whsec_ and at least 24 bytes in base64")
	}
	return w, nil
}

// reserved are the networks, beyond those that netip knows by name, in which no receiver on the internet can be.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"),
}

// reachable looks at the address that a name has turned out to be, at the moment of dialling. A receiver on this machine
// must be on loopback, any other on the public internet, whatever its name says.
func reachable(address string, local bool) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return errors.New("the receiver has no address")
	}
	ip := at.Addr().Unmap()
	inside := ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast() || ip.IsMulticast() || ip.IsUnspecified()
	for _, network := range reserved {
		inside = inside || network.Contains(ip)
	}
	switch {
	case local && !ip.IsLoopback():
		return errors.New("the receiver is not on this machine")
	case !local && inside:
		return errors.New("the receiver is inside a private network")
	}
	return nil
}

// post sends one event. Any answer but 2xx is a failure; redirects are not followed. Errors do not show the address,
// which may hold a secret, nor the answer.
func (c *caller) post(ctx context.Context, m Message) error {
	body, err := m.structured()
	if err != nil {
		return hopeless("the message cannot be written")
	}
	now := time.Now() // the receiver compares it with its own clock
	signature, err := c.secret.Sign(m.EventID.String(), now, body)
	if err != nil {
		return hopeless("the message cannot be signed")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address, bytes.NewReader(body))
	if err != nil {
		return hopeless("the webhook's address cannot be used")
	}
	request.Header.Set("Content-Type", "application/cloudevents+json; charset=UTF-8")
	request.Header.Set("User-Agent", "redress")
	request.Header.Set(standardwebhooks.HeaderWebhookID, m.EventID.String())
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	answer, err := c.client.Do(request)
	if err != nil {
		return fmt.Errorf("webhook: %w", unaddressed(err))
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(answer.Body, answerLimit)); err != nil {
		return fmt.Errorf("webhook: %w", unaddressed(err))
	}
	switch {
	case answer.StatusCode == http.StatusGone:
		return hopeless("the receiver answered 410: it wants no more")
	case answer.StatusCode < 200 || answer.StatusCode > 299:
		return fmt.Errorf("the receiver answered %d", answer.StatusCode)
	}
	return nil
}
