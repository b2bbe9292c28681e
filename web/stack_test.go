package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"redress/commands"
	"redress/domain"
	"redress/eventstore"
	"redress/eventstore/node"
	"redress/eventstore/vault"
	"redress/projections"
	"redress/queries"
)

// openStack starts a door with everything behind it: the node, the vault, the projections.
func openStack(t testing.TB) *door {
	t.Helper()
	return openDoor(t, func(d *door) {
		ctx := t.Context()
		dsn := d.pool.Config().ConnString()
		sockets, err := os.MkdirTemp("", "redress-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(sockets) })
		log, err := node.Start(ctx, t.TempDir(), node.Options{Socket: filepath.Join(sockets, "events")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := log.Stop(); err != nil {
				t.Errorf("the node: %v", err)
			}
		})
		keys, err := vault.Open(ctx, dsn, filepath.Join(t.TempDir(), "kek"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(keys.Close)
		store, err := eventstore.Open(ctx, eventstore.Config{URL: log.URL(), Tenant: d.Tenant, Vault: keys})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(store.Close)
		d.Queries = &queries.Queries{Pool: d.pool, Store: store, Tenant: d.Tenant, Now: d.now}
		d.Commands = &commands.Handler{Store: store, Tenant: d.Tenant, Now: d.now, Resolve: d.Queries.Resolve, CasesOf: d.Queries.CasesOf}
		d.Config = nil
		if err := d.Commands.Open(ctx, commands.Opening{SimulatedBy: "test"}); err != nil {
			t.Fatal(err)
		}
		if err := projections.Migrate(ctx, dsn); err != nil {
			t.Fatal(err)
		}
		d.project(d.pool, store)
	})
}

// project keeps the read models up to date until the test ends.
func (d *door) project(pool *pgxpool.Pool, store *eventstore.Store) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	runner := &projections.Runner{Pool: pool, Store: store, Tenant: d.Tenant, Log: slog.New(slog.DiscardHandler)}
	go func() { ended <- runner.Run(ctx) }()
	d.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			d.t.Errorf("projections: %v", err)
		}
	})
}

// mint makes an account through the API, as the operator does.
func (d *door) mint(name, more string) {
	d.t.Helper()
	response, text := d.call("POST", "/api/tokens", `{"name":"`+name+`"`+more+`}`, bearer(d.OperatorToken)...)
	var made madeToken
	if err := json.Unmarshal([]byte(text), &made); err != nil || response.StatusCode != http.StatusCreated {
		d.t.Fatalf("token of %s: %s %s", name, response.Status, text)
	}
	d.secrets[name] = made.Token
}

// did sends a command that must be accepted.
func (d *door) did(who, command, body string, header ...string) commands.Answer {
	d.t.Helper()
	response, text := d.call("POST", "/api/commands/"+command, body, append(bearer(who), header...)...)
	var got commands.Answer
	if err := json.Unmarshal([]byte(text), &got); err != nil || response.StatusCode != http.StatusOK {
		d.t.Fatalf("%s: %s %s", command, response.Status, text)
	}
	return got
}

// received opens a case about a service, with more fields where there are any, and waits until the read models have it.
func (d *door) received(who, service string, more ...string) commands.Answer {
	d.t.Helper()
	got := d.did(who, "ReceiveFeedback", `{`+strings.Join(more, "")+`"kind":"complaint","channel":"email","received_at":"2026-02-27T10:00:00Z",
		"service":"`+service+`","category":"repairs","procedure_id":"nnc-corporate-2024",
		"summary":"My roof leaks <b>badly</b>, says Jane Doe","issues":[{"issue_id":"i1","text":"the roof","category":"repairs"}]}`)
	if err := d.Queries.WaitFor(d.t.Context(), got.Events[len(got.Events)-1].Position, 10*time.Second); err != nil {
		d.t.Fatal(err)
	}
	return got
}

// TestAccessMatrix asks for every route about cases in every role: who may know of a case sees it, who may not is told
// that there is none, and lists and counts agree.
func TestAccessMatrix(t *testing.T) {
	d := openStack(t)
	for name, more := range map[string]string{
		"manager": `,"roles":["complaints_manager"]`, "housing": `,"roles":["service_manager"],"service":"housing"`,
		"handler": `,"roles":["case_handler"]`, "audit": `,"roles":["audit_officer"]`, "reporter": `,"roles":["reporting"]`,
		"finance": `,"roles":["finance_approver"]`, "dpo": `,"roles":["data_protection_officer"]`, "nobody": ``, "admin": `,"roles":["administrator"]`,
		"resident": `,"roles":["public"]`,
	} {
		d.mint(name, more)
	}
	d.secrets["operator"] = d.OperatorToken
	home := d.received(d.secrets["manager"], "housing")
	resident, err := d.Accounts.Find(t.Context(), "resident")
	if err != nil {
		t.Fatal(err)
	}
	roads := d.received(d.secrets["manager"], "roads", `"complainant":"`+resident.ActorID.String()+`",`)
	for _, opened := range []commands.Answer{home, roads} {
		rests := d.did(d.secrets["manager"], "SuspendCase", `{"case":"`+*opened.Ref+`","scope":"case","ground":"court_proceedings","from_on":"2026-02-27",
			"decided_by":"`+resident.ActorID.String()+`","notified_at":"2026-02-27T11:00:00Z","review_on":"2026-02-28"}`)
		if err := d.Queries.WaitFor(t.Context(), rests.Events[0].Position, 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name               string
		housing, roads     int // status of the case of that service
		list, listed       int
		report, erase, ops int
	}{
		{"manager", 200, 200, 200, 2, 200, 403, 403},
		{"housing", 200, 404, 200, 1, 200, 403, 403},
		{"handler", 200, 200, 200, 2, 200, 403, 403},
		{"audit", 200, 200, 200, 2, 200, 403, 403},
		{"dpo", 200, 200, 200, 2, 403, 200, 403},
		{"reporter", 404, 404, 403, 0, 200, 403, 403},
		{"finance", 404, 404, 403, 0, 403, 403, 403},
		{"admin", 404, 404, 403, 0, 403, 403, 200},
		{"nobody", 404, 404, 403, 0, 403, 403, 403},
		{"resident", 404, 200, 200, 1, 403, 403, 403},
		{"operator", 200, 200, 200, 2, 200, 200, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token := bearer(d.secrets[tt.name])
			status := func(path string, want int) string {
				t.Helper()
				response, text := d.call("GET", path, "", token...)
				if response.StatusCode != want {
					t.Errorf("%s: %s, want %d: %s", path, response.Status, want, text)
				}
				return text
			}
			for _, form := range []string{home.Case.String(), *home.Ref} {
				for _, rest := range []string{"/api/cases/" + form, "/api/cases/" + form + "/events", "/cases/" + form} {
					status(rest, tt.housing)
				}
			}
			for _, path := range []string{"/api/cases/" + *roads.Ref, "/api/cases/" + *roads.Ref + "/events", "/cases/" + *roads.Ref} {
				status(path, tt.roads)
			}
			if text := status("/api/cases", tt.list); tt.list == 200 && strings.Count(text, `"case":`) != tt.listed {
				t.Errorf("%d cases listed, want %d", strings.Count(text, `"case":`), tt.listed)
			}
			text := status("/api/reports/performance?by=service", tt.report)
			if tt.name == "housing" && (strings.Contains(text, `"roads"`) || !strings.Contains(text, `"housing"`)) {
				t.Error("a service manager's report holds another service")
			}
			work := tt.list
			if tt.name == "resident" {
				work = 403 // a case of one's own is no work of one's own
			}
			if text := status("/api/tasks", work); work == 200 && strings.Count(text, `"suspension_review"`) != tt.listed {
				t.Errorf("%d tasks listed, want %d", strings.Count(text, `"suspension_review"`), tt.listed)
			}
			if text := status("/tasks", work); work == 200 && strings.Contains(text, *roads.Ref) != (tt.roads == 200) {
				t.Error("the work list shows another service's case, or hides one")
			}
			status("/api/reports/performance?format=csv", tt.report)
			status("/api/erase/"+home.Case.String(), tt.erase)
			status("/api/tokens", tt.ops)
			front := tt.list
			if tt.report == 200 {
				front = 200 // the figures at least
			}
			if text := status("/", front); front == 200 && strings.Contains(text, `id="cases"`) != (tt.list == 200) {
				t.Error("the front page lists cases to who may see none, or none to who may")
			} else if front == 200 && strings.Contains(text, `href="/tasks"`) != (work == 200) {
				t.Error("the front page leads to a work list that may not be seen, or not to one that may")
			}
			// What is not there has the same answer for everybody.
			status("/api/cases/RD-1999-000001", 404)
		})
	}
}

// TestCommandsOverHTTP walks the order of checks of the architecture, § 4, through the real handler.
func TestCommandsOverHTTP(t *testing.T) {
	d := openStack(t)
	d.mint("manager", `,"roles":["complaints_manager"]`)
	d.mint("reporter", `,"roles":["reporting"]`)
	d.mint("nobody", "")
	manager := d.secrets["manager"]
	opened := d.received(manager, "housing")
	const key = "Idempotency-Key"
	body := `{"case":"` + *opened.Ref + `","stage":"s1","sent_at":"2026-02-27T12:00:00Z","channel":"email","form":"email","recipients":[],"contains":[]}`
	for _, tt := range []struct {
		name, who, body string
		header          []string
		status          int
		code            string
	}{
		{"no token", "", `{"x":1}`, nil, 401, "UNAUTHENTICATED"},
		{"not JSON", manager, `{"x":`, nil, 400, "BAD_VALUE"},
		{"unknown field before everything", manager, `{"x":1,"case":"RD-1999-000001"}`, []string{"If-Match", `"99"`}, 400, "UNKNOWN_FIELD"},
		{"missing field", d.secrets["reporter"], `{"case":"RD-1999-000001"}`, []string{"If-Match", `"99"`}, 400, "MISSING_FIELD"},
		{"no such case", d.secrets["reporter"], strings.Replace(body, *opened.Ref, "RD-1999-000001", 1), []string{"If-Match", `"99"`}, 404, "CASE_NOT_FOUND"},
		{"not to be known of", d.secrets["nobody"], body, []string{"If-Match", `"99"`}, 404, "CASE_NOT_FOUND"},
		{"no right", d.secrets["reporter"], body, []string{"If-Match", `"99"`}, 403, "NOT_PERMITTED"},
		{"stale", manager, body, []string{"If-Match", `"99"`}, 412, "STALE_REVISION"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header := tt.header
			if tt.who != "" {
				header = append(bearer(tt.who), header...)
			}
			response, text := d.call("POST", "/api/commands/AcknowledgeCase", tt.body, header...)
			p := problemOf(t, text)
			if response.StatusCode != tt.status || p.Code != tt.code {
				t.Errorf("%s: %s, want %d %s", response.Status, text, tt.status, tt.code)
			}
		})
	}
	person := uuid.NewString()
	first := d.did(manager, "RecordPerson", `{"person_id":"`+person+`","name":"Jane Doe"}`, key, "once")
	again := d.did(manager, "RecordPerson", `{"person_id":"`+person+`","name":"Jane Doe"}`, key, "once")
	if first.Events[0] != again.Events[0] {
		t.Errorf("the same key again: %v, first %v", again, first)
	}
	response, text := d.call("POST", "/api/commands/RecordPerson", `{"person_id":"`+person+`","name":"John Doe"}`, append(bearer(manager), key, "once")...)
	if response.StatusCode != 422 || problemOf(t, text).Code != string(domain.CommandIDReused) {
		t.Errorf("the same key with another body: %s %s", response.Status, text)
	}
	if strings.Contains(d.log.String(), "Doe") {
		t.Error("the log holds a name")
	}
	// The operator acts for somebody: their rights, and both ids in the event.
	acting := d.did(d.OperatorToken, "RecordPerson", `{"person_id":"`+uuid.NewString()+`"}`, "X-Redress-For", "manager")
	if acting.Case != nil || acting.Revision != 0 {
		t.Errorf("%+v", acting)
	}
	response, text = d.call("POST", "/api/commands/RecordPerson", `{"person_id":"`+uuid.NewString()+`"}`, append(bearer(d.OperatorToken), "X-Redress-For", "reporter")...)
	if response.StatusCode != 403 {
		t.Errorf("acting for a reporter: %s %s", response.Status, text)
	}
}

// TestTokensWithRoles walks from the first start, where the operator grants alone, to the day on which a monitoring
// officer has to approve.
func TestTokensWithRoles(t *testing.T) {
	d := openStack(t)
	d.mint("root", `,"roles":["administrator"]`)
	d.mint("mo", `,"roles":["monitoring_officer"]`)
	for _, tt := range []struct {
		name, who, body string
		status          int
		code            domain.Code
	}{
		{"without approver", d.OperatorToken, `{"name":"jane","roles":["complaints_manager"]}`, 400, domain.MissingFieldCode},
		{"approver unknown", d.secrets["root"], `{"name":"jane","roles":["complaints_manager"],"approved_by":"nobody"}`, 400, domain.BadValueCode},
		{"approver without the right", d.secrets["root"], `{"name":"jane","roles":["complaints_manager"],"approved_by":"jane"}`, 422, domain.SelfApproval},
		{"not an administrator", d.secrets["mo"], `{"name":"jane","roles":["complaints_manager"],"approved_by":"mo"}`, 403, domain.NotPermitted},
		{"roles that clash", d.secrets["root"], `{"name":"jane","roles":["complaints_manager","audit_officer"],"approved_by":"mo"}`, 400, domain.BadValueCode},
	} {
		response, text := d.call("POST", "/api/tokens", tt.body, bearer(tt.who)...)
		if response.StatusCode != tt.status || problemOf(t, text).Code != string(tt.code) {
			t.Errorf("%s: %s %s, want %d %s", tt.name, response.Status, text, tt.status, tt.code)
		}
	}
	for _, granted := range []int{1, 0} {
		response, text := d.call("POST", "/api/tokens", `{"name":"jane","roles":["complaints_manager"],"approved_by":"mo"}`, bearer(d.secrets["root"])...)
		var made madeToken
		if err := json.Unmarshal([]byte(text), &made); err != nil || response.StatusCode != 201 || len(made.Granted) != granted {
			t.Fatalf("%s %s, want %d roles granted", response.Status, text, granted)
		}
		d.secrets["jane"] = made.Token
	}
	d.received(d.secrets["jane"], "housing")
}

// TestNothingSealedIsOpened looks for plain text in every answer about a case, before and after its keys are gone.
func TestNothingSealedIsOpened(t *testing.T) {
	d := openStack(t)
	d.mint("manager", `,"roles":["complaints_manager"]`)
	manager := d.secrets["manager"]
	opened := d.received(manager, "housing")
	look := func(word string) {
		t.Helper()
		for _, path := range []string{"/api/cases/" + *opened.Ref, "/api/cases/" + *opened.Ref + "/events", "/cases/" + *opened.Ref, "/", "/api/cases"} {
			_, text := d.call("GET", path, "", bearer(manager)...)
			if strings.Contains(text, "roof") || strings.Contains(text, `"box"`) {
				t.Errorf("%s shows a sealed field", path)
			}
			if strings.Contains(path, *opened.Ref) && !strings.Contains(text, word) {
				t.Errorf("%s does not say %q", path, word)
			}
		}
	}
	look("sealed")
	_, text := d.call("GET", "/api/erase/"+*opened.Ref, "", bearer(d.OperatorToken)...)
	if !strings.Contains(text, `"keys":1,"events":1`) {
		t.Errorf("preview: %s", text)
	}
	if _, err := d.Commands.Store.Vault().Destroy(t.Context(), domain.CaseStream(*opened.Case)); err != nil {
		t.Fatal(err)
	}
	look("erased")
}

func TestFilters(t *testing.T) {
	d := openStack(t)
	d.mint("manager", `,"roles":["complaints_manager"]`)
	manager := d.secrets["manager"]
	d.received(manager, "housing")
	d.received(manager, "roads")
	last := d.received(manager, "roads")
	for query, want := range map[string]int{
		"": 3, "?service=roads": 2, "?status=open": 3, "?status=closed": 0, "?ref=" + *last.Ref: 1, "?overdue=true": 0,
		"?received_from=2026-02-27&received_to=2026-02-28": 3, "?received_to=2026-02-27": 0, "?procedure=nnc-corporate-2024": 3,
	} {
		response, text := d.call("GET", "/api/cases"+query, "", bearer(manager)...)
		if got := strings.Count(text, `"case":`); response.StatusCode != 200 || got != want {
			t.Errorf("%q: %s, %d cases, want %d", query, response.Status, got, want)
		}
	}
	for _, query := range []string{"?sevice=roads", "?status=odd", "?size=0", "?size=x", "?after=x", "?due_before=x", "?service=a&service=b", "?received_from=x", "?wait=x"} {
		response, text := d.call("GET", "/api/cases"+query, "", bearer(manager)...)
		if response.StatusCode != 400 {
			t.Errorf("%q: %s %s", query, response.Status, text)
		}
	}
	seen, next := 0, ""
	for pages := 0; pages == 0 || next != ""; pages++ {
		_, text := d.call("GET", "/api/cases?size=2&after="+url.QueryEscape(next), "", bearer(manager)...)
		var list queries.CaseList
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatal(err)
		}
		seen, next = seen+len(list.Cases), list.Next
	}
	if seen != 3 {
		t.Errorf("%d cases on all pages", seen)
	}
	response, _ := d.call("GET", "/api/cases?wait=99999999999", "", bearer(manager)...)
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("a position that is not there yet: %s", response.Status)
	}
}

// TestVisit walks through the pages in Chromium as a person does: sign in, look, filter, open a case, sign out.
func TestVisit(t *testing.T) {
	d := openStack(t)
	d.mint("manager", `,"roles":["complaints_manager"]`)
	d.received(d.secrets["manager"], "roads")
	opened := d.received(d.secrets["manager"], "housing")
	acknowledged := d.did(d.secrets["manager"], "AcknowledgeCase", `{"case":"`+*opened.Ref+`","stage":"s1","sent_at":"2026-02-27T12:00:00Z",
		"channel":"email","form":"internal_record","recipients":[],"contains":[]}`)
	if err := d.Queries.WaitFor(t.Context(), acknowledged.Events[0].Position, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	d.pass(60 * 24 * time.Hour)
	ctx := browser(t)
	var heading, figures, rows, facts string
	err := chromedp.Run(ctx,
		chromedp.Navigate(d.url+"/"),
		chromedp.WaitVisible(`#token`),
		chromedp.SendKeys(`#token`, "wrong\r"),
		chromedp.WaitVisible(`.govuk-error-summary`),
		accessible(t, "sign-in refused"),
		chromedp.SendKeys(`#token`, d.secrets["manager"]+"\r"),
		chromedp.WaitVisible(`.redress-figures`),
		chromedp.Text(`.redress-figures`, &figures),
		shoot("visit-overview"),
		accessible(t, "overview"),
		chromedp.SendKeys(`#service`, "housing\r"),
		chromedp.WaitVisible(`//a[text()="Clear"]`, chromedp.BySearch),
		chromedp.Text(`.govuk-table tbody`, &rows),
		chromedp.Click(`tbody a`),
		chromedp.WaitVisible(`.redress-events`),
		chromedp.Text(`h1`, &heading),
		chromedp.Text(`.redress-events`, &facts),
		shoot("visit-case"),
		accessible(t, "case"),
		chromedp.Click(`.redress-header__out`),
		chromedp.WaitVisible(`#token`),
	)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(heading, *opened.Ref) || !strings.Contains(facts, "sealed") || strings.Contains(rows, "roads") {
		t.Errorf("heading %q, facts %q, rows %q", heading, facts, rows)
	}
	if !strings.Contains(figures, "Overdue\n1") {
		t.Errorf("figures %q", figures)
	}
}

// TestReadModelsNotBuilt asks before the first start has made any table: that is no fault, and it passes.
func TestReadModelsNotBuilt(t *testing.T) {
	d := openDoor(t, func(d *door) {
		if err := projections.Migrate(t.Context(), d.pool.Config().ConnString()); err != nil {
			t.Fatal(err)
		}
		d.Queries = &queries.Queries{Pool: d.pool, Tenant: d.Tenant, Now: d.now}
	})
	for _, path := range []string{"/", "/cases/RD-2026-000001", "/api/cases", "/api/tasks", "/tasks", "/api/cases/RD-2026-000001", "/api/reports/performance", "/api/erase/RD-2026-000001"} {
		response, text := d.call("GET", path, "", bearer(d.OperatorToken)...)
		if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %s %s", path, response.Status, text)
		}
	}
}
