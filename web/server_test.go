package web

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"redress/commands"
	"redress/domain"
	"redress/eventstore"
	"redress/web/accounts"
)

// example is a path of a route with something in the place of its parameters.
func example(rt route) string {
	return strings.NewReplacer("{$}", "", "{ref}", "RD-2026-000001", "{name}", "jane", "{file}", "app.css",
		"{subject}", "0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a001").Replace(rt.path)
}

func problemOf(t *testing.T, text string) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal([]byte(text), &p, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return p
}

// TestNobodyIsAnswered asks for every route without a token, with a wrong one and with an expired one.
func TestNobodyIsAnswered(t *testing.T) {
	d := openDoor(t, nil)
	jane, err := d.Accounts.Open(t.Context(), "jane", d.person("other", "", domain.RoleComplaints).ActorID)
	if err == nil {
		t.Fatalf("two accounts for one person: %v", jane)
	}
	soon := d.now().Add(time.Minute)
	old, _, err := d.Accounts.Add(t.Context(), accounts.Account{Name: "other"}, &soon)
	if err != nil {
		t.Fatal(err)
	}
	d.pass(time.Minute)
	signedRoutes := 0
	for _, rt := range d.routes() {
		if rt.access != signed {
			continue
		}
		signedRoutes++
		for _, header := range [][]string{
			nil, bearer("rdt_wrong"), bearer(old), {"Authorization", "Basic " + d.secrets["other"]}, {"Cookie", "redress-session=x; redress-operator=x"},
		} {
			response, text := d.call(rt.method, example(rt), "{}", header...)
			if !strings.HasPrefix(rt.path, "/api/") && rt.path != "/metrics" {
				if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/sign-in" {
					t.Errorf("%s %s: %s, want a redirect to /sign-in", rt.method, rt.path, response.Status)
				}
				continue
			}
			if response.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s %s: %s, want 401", rt.method, rt.path, response.Status)
				continue
			}
			if p := problemOf(t, text); p.Code != "UNAUTHENTICATED" || response.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s: %+v", rt.method, rt.path, p)
			}
		}
	}
	if signedRoutes < len(commands.All)+5 {
		t.Errorf("only %d routes need a token", signedRoutes)
	}
}

// TestDoorRefuses walks the checks that the door makes before a command is looked at, in their order: each request has
// every later fault as well.
func TestDoorRefuses(t *testing.T) {
	d := openDoor(t, nil)
	d.person("jane", "", domain.RoleComplaints)
	jane, operator := bearer(d.secrets["jane"]), bearer(d.OperatorToken)
	const command = "/api/commands/RecordPerson"
	long := strings.Repeat("k", maxKey+1)
	big := `{"name":"` + strings.Repeat("x", bodyLimit) + `"}`
	for _, tt := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		code                     string
		field                    string
	}{
		{"nobody", "POST", "/api/nothing", "", nil, 401, "UNAUTHENTICATED", ""},
		{"no such route", "GET", "/api/nothing", "", jane, 404, "NOT_FOUND", ""},
		{"no such command", "POST", "/api/commands/Nothing", "{}", jane, 404, "UNKNOWN_COMMAND", ""},
		{"no such method", "PUT", command, "{}", jane, 405, "METHOD_NOT_ALLOWED", ""},
		{"acting for somebody", "POST", command, big, append(jane, "X-Redress-For", "jane", "Idempotency-Key", long), 403, "NOT_PERMITTED", ""},
		{"acting for nobody", "POST", command, big, append(operator, "X-Redress-For", "nobody"), 403, "NOT_PERMITTED", ""},
		{"long key", "POST", command, big, append(jane, "Idempotency-Key", long, "If-Match", "7"), 400, "BAD_VALUE", "Idempotency-Key"},
		{"two keys", "POST", command, big, append(jane, "Idempotency-Key", "a", "Idempotency-Key", "b"), 400, "BAD_VALUE", "Idempotency-Key"},
		{"bare revision", "POST", command, big, append(jane, "If-Match", "7"), 400, "BAD_VALUE", "If-Match"},
		{"weak revision", "POST", command, big, append(jane, "If-Match", `W/"7"`), 400, "BAD_VALUE", "If-Match"},
		{"negative revision", "POST", command, big, append(jane, "If-Match", `"-7"`), 400, "BAD_VALUE", "If-Match"},
		{"a form", "POST", command, big, append(jane, "Content-Type", "text/plain"), 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		{"large body", "POST", command, big, append(jane, "Content-Type", "application/json"), 413, "BODY_TOO_LARGE", ""},
		{"large token body", "POST", "/api/tokens", big, operator, 413, "BODY_TOO_LARGE", ""},
		{"unknown field", "POST", "/api/tokens", `{"name":"x","admin":true}`, operator, 400, "UNKNOWN_FIELD", ""},
		{"a field twice", "POST", "/api/tokens", `{"name":"x","name":"y"}`, operator, 400, "BAD_VALUE", ""},
		{"no name", "POST", "/api/tokens", `{}`, operator, 400, "MISSING_FIELD", "name"},
		{"bad name", "POST", "/api/tokens", `{"name":"a b"}`, operator, 400, "BAD_VALUE", "name"},
		{"bad role", "POST", "/api/tokens", `{"name":"a","roles":["king"]}`, operator, 400, "BAD_VALUE", "roles"},
		{"expired before it began", "POST", "/api/tokens", `{"name":"a","expires":"2020-01-01T00:00:00Z"}`, operator, 400, "BAD_VALUE", "expires"},
		{"no right to add", "POST", "/api/tokens", `{"name":"a"}`, jane, 403, "NOT_PERMITTED", ""},
		{"no right to list", "GET", "/api/tokens", "", jane, 403, "NOT_PERMITTED", ""},
		{"no right to revoke", "DELETE", "/api/tokens/jane", "", jane, 403, "NOT_PERMITTED", ""},
		{"nobody to revoke", "DELETE", "/api/tokens/nobody", "", operator, 404, "NOT_FOUND", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			response, text := d.call(tt.method, tt.path, tt.body, tt.header...)
			if response.StatusCode != tt.status || response.Header.Get("Content-Type") != "application/problem+json" {
				t.Fatalf("%s %s: %s", response.Status, response.Header.Get("Content-Type"), text)
			}
			p := problemOf(t, text)
			if p.Code != tt.code || p.Status != tt.status || p.Title == "" || p.Detail == "" || p.Type != "urn:redress:problem:"+tt.code {
				t.Errorf("%+v, want code %s", p, tt.code)
			}
			if tt.field != "" && (len(p.Errors) != 1 || p.Errors[0].Field != tt.field) {
				t.Errorf("errors %v, want the field %s", p.Errors, tt.field)
			}
			if tt.status == 405 && response.Header.Get("Allow") != "POST" {
				t.Errorf("Allow: %q", response.Header.Get("Allow"))
			}
		})
	}
}

func TestTokensOverHTTP(t *testing.T) {
	d := openDoor(t, nil)
	d.person("jane", "", domain.RoleComplaints)
	operator := bearer(d.OperatorToken)
	d.call("GET", "/healthz", "")
	if response, text := d.call("GET", "/metrics", "", bearer(d.secrets["jane"])...); response.StatusCode != 200 || !strings.Contains(text, "redress_http_request_seconds") {
		t.Errorf("metrics: %s", response.Status)
	}
	// Jane and her roles are there, so nothing but a token is made.
	response, text := d.call("POST", "/api/tokens", `{"name":"jane","roles":["complaints_manager"]}`, operator...)
	if response.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %s", response.Status, text)
	}
	var made madeToken
	if err := json.Unmarshal([]byte(text), &made); err != nil || made.Token == "" || len(made.Granted) != 0 {
		t.Fatalf("%s %v", text, err)
	}
	response, text = d.call("GET", "/api/tokens", "", operator...)
	if response.StatusCode != 200 || strings.Contains(text, made.Token) || strings.Count(text, `"valid":true`) != 2 {
		t.Errorf("%s %s", response.Status, text)
	}
	if response, text = d.call("DELETE", "/api/tokens/jane", "", operator...); text != "{\"revoked\":2}\n" {
		t.Errorf("%s %s", response.Status, text)
	}
	if response, _ = d.call("GET", "/metrics", "", bearer(made.Token)...); response.StatusCode != 401 {
		t.Errorf("a revoked token: %s", response.Status)
	}
}

func TestOperatorIsLocal(t *testing.T) {
	d := openDoor(t, nil)
	if response, _ := d.call("GET", "/api/tokens", "", bearer(d.OperatorToken)...); response.StatusCode != 200 {
		t.Errorf("over loopback: %s", response.Status)
	}
	client := d.visit()
	d.post(client, "/sign-in", url.Values{"token": {d.OperatorToken}}, "same-origin")
	cookies := client.Jar.Cookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(d.url, "http://"), Path: "/"})
	if len(cookies) != 1 {
		t.Fatalf("cookies %v", cookies)
	}
	remote := func(change func(*http.Request) *http.Request) int {
		request := httptest.NewRequest("GET", "/api/tokens", nil)
		request.RemoteAddr = "127.0.0.1:5000"
		recorder := httptest.NewRecorder()
		d.observe(d.signedIn(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })).ServeHTTP(recorder, change(request))
		return recorder.Code
	}
	withToken := func(r *http.Request) *http.Request {
		r.Header.Set("Authorization", "Bearer "+d.OperatorToken)
		return r
	}
	withCookie := func(r *http.Request) *http.Request {
		r.AddCookie(cookies[0])
		return r
	}
	proxied := func(r *http.Request) *http.Request {
		return r.WithContext(context.WithValue(r.Context(), proxiedKey{}, true))
	}
	for name, present := range map[string]func(*http.Request) *http.Request{"token": withToken, "session": withCookie} {
		if got := remote(present); got != 200 {
			t.Errorf("%s over loopback: %d", name, got)
		}
		if got := remote(func(r *http.Request) *http.Request { return proxied(present(r)) }); got != 401 {
			t.Errorf("%s through a proxy: %d", name, got)
		}
		got := remote(func(r *http.Request) *http.Request {
			r = present(r)
			r.RemoteAddr = "203.0.113.9:5000"
			r.Header.Set("X-Forwarded-For", "127.0.0.1")
			return r
		})
		if got != 401 {
			t.Errorf("%s from another machine: %d", name, got)
		}
	}
}

func TestSessionOfAPerson(t *testing.T) {
	d := openDoor(t, nil)
	d.person("jane", "", domain.RoleComplaints)
	signIn := func() *http.Client {
		t.Helper()
		client := d.visit()
		response, text := d.post(client, "/sign-in", url.Values{"token": {" " + d.secrets["jane"] + "\n"}}, "same-origin")
		if response.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s %s", response.Status, text)
		}
		cookie := response.Header.Get("Set-Cookie")
		for _, part := range []string{"redress-session=", "HttpOnly", "SameSite=Lax", "Path=/"} {
			if !strings.Contains(cookie, part) {
				t.Errorf("%s lacks %s", cookie, part)
			}
		}
		if strings.Contains(cookie, d.secrets["jane"]) {
			t.Error("the cookie holds the token")
		}
		return client
	}
	in := func(client *http.Client) bool {
		t.Helper()
		response, _ := d.get(client, "/metrics")
		return response.StatusCode == 200
	}
	client := signIn()
	if !in(client) {
		t.Fatal("not in after signing in")
	}
	response, _ := d.post(client, "/sign-out", nil, "cross-site")
	if response.StatusCode != http.StatusForbidden || !in(client) {
		t.Errorf("another site signs out: %s", response.Status)
	}
	response, _ = d.post(client, "/sign-out", nil, "same-origin")
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Clear-Site-Data") == "" || in(client) {
		t.Errorf("signing out: %s", response.Status)
	}
	client = signIn()
	if _, err := d.Accounts.Revoke(t.Context(), "jane"); err != nil {
		t.Fatal(err)
	}
	if in(client) {
		t.Error("in after the token was revoked")
	}
	response, text := d.post(d.visit(), "/sign-in", url.Values{"token": {d.secrets["jane"]}}, "same-origin")
	if response.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, "There is a problem") || response.Header.Get("Set-Cookie") != "" {
		t.Errorf("a revoked token signs in: %s", response.Status)
	}
}

func TestSecureCookies(t *testing.T) {
	d := openDoor(t, func(d *door) { d.PublicURL = "https://complaints.example" })
	d.person("jane", "", domain.RoleComplaints)
	for name, secret := range map[string]string{"__Host-redress-session=": d.secrets["jane"], "__Host-redress-operator=": d.OperatorToken} {
		response, _ := d.post(d.visit(), "/sign-in", url.Values{"token": {secret}}, "same-origin")
		cookies := strings.Join(response.Header.Values("Set-Cookie"), "\n")
		if !strings.Contains(cookies, name) || !strings.Contains(cookies, "Secure") {
			t.Errorf("%s: %s", name, cookies)
		}
		if !strings.HasPrefix(response.Header.Get("Strict-Transport-Security"), "max-age=31536000") {
			t.Error("no HSTS")
		}
	}
}

// TestHeadersEverywhere crawls the routes that read: found, refused or not there, each answer carries the headers.
func TestHeadersEverywhere(t *testing.T) {
	d := openDoor(t, nil)
	paths := []string{"/nothing", "/api/nothing", "/static/nothing.css"}
	for _, rt := range d.routes() {
		if rt.method == "GET" {
			paths = append(paths, example(rt))
		}
	}
	for _, path := range paths {
		response, text := d.call("GET", path, "")
		for name, want := range map[string]string{
			"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		} {
			if got := response.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		store := response.Header.Get("Cache-Control")
		if strings.HasPrefix(path, "/static/app") != strings.HasPrefix(store, "public") {
			t.Errorf("%s: Cache-Control is %q", path, store)
		}
		if response.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: open to other sites", path)
		}
		if strings.Contains(text, "<script") || strings.Contains(text, "style=") {
			t.Errorf("%s: inline script or style", path)
		}
	}
}

func TestFaultsShowNothing(t *testing.T) {
	d := openDoor(t, nil)
	for name, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		"error": func(http.ResponseWriter, *http.Request) error { return errors.New("secret of the inside") },
		"panic": func(http.ResponseWriter, *http.Request) error { panic("secret of a panic") },
	} {
		for _, path := range []string{"/api/x", "/x"} {
			recorder := httptest.NewRecorder()
			handler := d.observe(d.headers(d.handle(route{path: path, access: open, handle: h})))
			handler.ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
			if recorder.Code != 500 || strings.Contains(recorder.Body.String(), "secret") {
				t.Errorf("%s %s: %d %s", name, path, recorder.Code, recorder.Body)
			}
			id := recorder.Header().Get("X-Request-Id")
			if !strings.Contains(recorder.Body.String(), id) || strings.Count(d.log.String(), id) != 2 {
				t.Errorf("%s %s: the id is not in the answer, once with the fault and once in the access log", name, path)
			}
		}
	}
	if strings.Contains(d.log.String(), "secret of a panic") {
		t.Error("the log holds the value of a panic")
	}
}

// TestOutage: whoever asks while the log does not answer is told to come again, and not why.
func TestOutage(t *testing.T) {
	d := openDoor(t, nil)
	for _, err := range []error{eventstore.ErrUnavailable, eventstore.ErrUnknownOutcome, eventstore.ErrDamaged, context.DeadlineExceeded} {
		recorder := httptest.NewRecorder()
		handler := d.observe(d.headers(d.handle(route{path: "/api/x", access: open, handle: func(http.ResponseWriter, *http.Request) error {
			return fmt.Errorf("secret of the inside: %w", err)
		}})))
		handler.ServeHTTP(recorder, httptest.NewRequest("GET", "/api/x", nil))
		body := recorder.Body.String()
		if recorder.Code != 503 || !strings.Contains(body, `"LOG_UNAVAILABLE"`) || strings.Contains(body, "secret") || recorder.Header().Get("Retry-After") == "" {
			t.Errorf("%v: %d %s", err, recorder.Code, body)
		}
		if id := recorder.Header().Get("X-Request-Id"); strings.Count(d.log.String(), id) != 2 {
			t.Errorf("%v: the cause is not in the log", err)
		}
	}
}

func TestClassesHaveStatuses(t *testing.T) {
	for _, tt := range []struct {
		code    domain.Code
		ifMatch string
		status  int
	}{
		{domain.BadValueCode, "", 400},
		{domain.NotPermitted, "", 403},
		{domain.CaseNotFound, "", 404},
		{domain.StaleRevision, `"7"`, 412},
		{domain.StaleRevision, "", 409},
		{domain.CaseClosed, "", 422},
		{domain.CommandIDReused, "", 422},
	} {
		r := httptest.NewRequest("POST", "/api/commands/X", nil)
		if tt.ifMatch != "" {
			r.Header.Set("If-Match", tt.ifMatch)
		}
		if p := describe(r, domain.Reject(tt.code, "because")); p.Status != tt.status || p.Code != string(tt.code) {
			t.Errorf("%s: %d %s, want %d", tt.code, p.Status, p.Code, tt.status)
		}
	}
}

// TestAccessLog looks for what may never be in it.
func TestAccessLog(t *testing.T) {
	d := openDoor(t, nil)
	d.call("GET", "/cases/Doe-Jane?q=hidden", "", "Authorization", "Bearer rdt_hidden", "X-Other", "hidden")
	d.call("GET", "/hidden/Doe-Jane", "")
	d.post(d.visit(), "/sign-in", url.Values{"token": {"rdt_hidden"}}, "same-origin")
	text := d.log.String()
	if strings.Contains(text, "hidden") || strings.Contains(text, "Doe") {
		t.Error(text)
	}
	for _, part := range []string{`"route":"/cases/{ref}"`, `"route":"none"`, `"status":303`, `"status":404`, `"msg":"sign-in refused"`} {
		if !strings.Contains(text, part) {
			t.Errorf("the log lacks %s:\n%s", part, text)
		}
	}
}

func TestHealth(t *testing.T) {
	var ready atomic.Bool
	d := openDoor(t, func(d *door) {
		d.Ready = func(context.Context) error {
			if ready.Load() {
				return nil
			}
			return errors.New("the read models are being built")
		}
	})
	if response, text := d.call("GET", "/healthz", ""); response.StatusCode != 200 || text != "{\"status\":\"ok\"}\n" {
		t.Errorf("%s %s", response.Status, text)
	}
	if response, text := d.call("GET", "/readyz", ""); response.StatusCode != 503 || text != "{\"status\":\"not ready\"}\n" {
		t.Errorf("%s %s", response.Status, text)
	}
	ready.Store(true)
	if response, _ := d.call("GET", "/readyz", ""); response.StatusCode != 200 {
		t.Errorf("%s", response.Status)
	}
}

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares a text with a file, or rewrites the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is not what the code makes: look at the difference and run make golden", name)
	}
}

// TestOpenAPIGenerated validates the document and compares its operations with the routes.
func TestOpenAPIGenerated(t *testing.T) {
	d := openDoor(t, nil)
	d.person("jane", "", domain.RoleComplaints)
	response, text := d.call("GET", "/api/openapi.json", "", bearer(d.secrets["jane"])...)
	if response.StatusCode != 200 {
		t.Fatalf("%s %s", response.Status, text)
	}
	golden(t, "openapi.json", text)
	document, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	var got, want []string
	for path, item := range document.Paths.Map() {
		for method := range item.Operations() {
			got = append(got, method+" "+path)
		}
	}
	for _, rt := range d.routes() {
		if rt.id != "" {
			want = append(want, rt.method+" "+rt.path)
		}
	}
	for _, c := range commands.All {
		if !slices.Contains(got, "POST /api/commands/"+c.Name) {
			t.Errorf("the command %s is not in the document", c.Name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
