package web

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

// samples are views of every page with everything in them that a page can show.
func samples() map[string]struct {
	page string
	view any
} {
	frame := frame{Title: "Sample", Style: styleSheet, Version: "v0.0.0", Name: "jane", AsOf: "2 Mar 2026 09:00"}
	overdue := &tag{"Overdue", "govuk-tag--red"}
	overview := overviewView{
		Frame: frame, Notice: "The list is being updated.",
		Figures: []figure{
			{Label: "Open", Value: "277"},
			{Label: "Due within 5 working days", Value: "31"},
			{Label: "Overdue", Value: "12", Bad: true},
			{Label: "Answered in time", Value: "96.1 %", Note: "4,510 of 4,692"},
		},
		Filters: []filterField{
			{Name: "status", Label: "Status", Options: []option{{"", "All", true}, {"open", "Open", false}}},
			{Name: "service", Label: "Service", Value: "Housing"},
		},
		Listed: true, Works: true, Filtered: true, Caption: "Cases, newest first", Newest: "/", Next: "/?after=x",
	}
	for i := range 8 {
		line := caseLine{
			Link: "/cases/RD-2026-00000" + strconv.Itoa(i), Ref: "RD-2026-00000" + strconv.Itoa(i), Received: "12 Jan 2026",
			Service: "Housing", Category: "Repairs not done", Stage: "Stage 1", Due: "26 Jan 2026", Status: tag{"Open", "govuk-tag--blue"},
		}
		if i%3 == 0 {
			line.DueTag = overdue
		}
		overview.Cases = append(overview.Cases, line)
	}
	one := caseView{
		Frame: frame, Kind: "Complaint", Ref: "RD-2026-000001", Status: tag{"Open", "govuk-tag--blue"},
		Facts: []fact{
			{"Stage", "s1"},
			{"Step", "Allocated"},
			{"Service", "Housing"},
			{"Category", "Repairs"},
			{"Received", "12 Jan 2026 10:30"},
			{"Procedure", "nnc-corporate-2024@1"},
			{"Officer", "0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a001"},
		},
		Clocks: []clockLine{
			{"s1.ack", "target", "15 Jan 2026", "13 Jan 2026 09:00", tag{"Met", "govuk-tag--green"}},
			{"s1.response", "obligation", "26 Jan 2026", "", tag{"Overdue", "govuk-tag--red"}},
		},
		Events: []eventLine{
			{0, "Received", "12 Jan 2026 10:30", "12 Jan 2026 11:02", "case_handler", "0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a001", "", []fieldLine{
				{"Channel", "web", false}, {"Summary", "sealed", true},
			}},
			{1, "Acknowledged", "13 Jan 2026 09:00", "13 Jan 2026 09:00", "operator", "operator:1000", "0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a001", []fieldLine{
				{"Stage", "s1", false}, {"Means", "letter", false},
			}},
		},
	}
	signedOut := frame
	signedOut.Name, signedOut.AsOf = "", ""
	problem := struct {
		Frame             any
		Heading, Text, ID string
	}{frame, "Not found", "There is no such case.", "0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a001"}
	empty := overview
	empty.Cases, empty.Empty, empty.Notice, empty.Next, empty.Newest = nil, "No case matches.", "", "", ""
	return map[string]struct {
		page string
		view any
	}{
		"sign-in":        {"sign-in", signInView{Frame: signedOut}},
		"sign-in-fault":  {"sign-in", signInView{Frame: signedOut, Fault: "Enter your token"}},
		"overview":       {"overview", overview},
		"overview-empty": {"overview", empty},
		"case":           {"case", one},
		"tasks": {"tasks", tasksView{Frame: frame, More: true, Tasks: []taskLine{
			{"Remedy due", "2 Mar 2026 00:00", "apology", "/cases/RD-2026-000001", "RD-2026-000001", "Housing", "0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a001"},
			{"Restriction review", "2 Mar 2026 00:00", "0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a001", "", "", "", ""},
		}}},
		"tasks-empty": {"tasks", tasksView{Frame: frame}},
		"error":       {"error", problem},
	}
}

// TestPagesInBrowser looks at every page in Chromium at two widths: axe finds nothing, the policy stops nothing, and no
// page scrolls sideways.
func TestPagesInBrowser(t *testing.T) {
	ctx := browser(t)
	s := &Server{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/{file}", func(w http.ResponseWriter, r *http.Request) { _ = s.static(w, r) })
	for name, sample := range samples() {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			if err := page(w, http.StatusOK, sample.page, sample.view); err != nil {
				t.Error(err)
			}
		})
	}
	server := httptest.NewServer(s.headers(mux))
	defer server.Close()
	for _, width := range []int64{1280, 320} {
		for name := range samples() {
			title := name + "-" + strconv.FormatInt(width, 10)
			var sideways, styled bool
			err := chromedp.Run(ctx,
				chromedp.EmulateViewport(width, 900),
				chromedp.Navigate(server.URL+"/"+name),
				chromedp.Evaluate(`document.documentElement.scrollWidth > document.documentElement.clientWidth`, &sideways),
				chromedp.Evaluate(`getComputedStyle(document.querySelector(".redress-header")).backgroundColor === "rgb(29, 112, 184)"`, &styled),
				shoot(title),
				accessible(t, title),
			)
			if err != nil {
				t.Fatalf("%s: %v", title, err)
			}
			if sideways {
				t.Errorf("%s: the page scrolls sideways", title)
			}
			if !styled {
				t.Errorf("%s: the style sheet was not applied", title)
			}
		}
	}
}
