package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"time"
	_ "time/tzdata" // London is known on every machine
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// templates holds each page together with the layout. Tests parse them too, so that a fault shows before a release.
var templates = func() map[string]*template.Template {
	pages := map[string]*template.Template{}
	for _, name := range []string{"sign-in", "overview", "case", "tasks", "error"} {
		pages[name] = template.Must(template.ParseFS(templateFiles, "templates/layout.html", "templates/"+name+".html"))
	}
	return pages
}()

// styleSheet is the address of the style sheet. It changes with its content, so that browsers may keep it.
var styleSheet = func() string {
	body, err := staticFiles.ReadFile("static/app.css")
	if err != nil {
		panic(err) // embedded
	}
	sum := sha256.Sum256(body)
	return "/static/app.css?v=" + hex.EncodeToString(sum[:6])
}()

var london = func() *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // built in
	}
	return zone
}()

// frame is what the layout prints on every page.
type frame struct {
	Title   string
	Style   string
	Version string
	Name    string // who is signed in; empty: nobody
	AsOf    string // how far the read models have come; empty: the page shows none
}

func (s *Server) frame(r *http.Request, title string) frame {
	f := frame{Title: title, Style: styleSheet, Version: s.Version}
	if c, ok := r.Context().Value(callerKey{}).(*caller); ok {
		f.Name = c.name
	}
	return f
}

// tag is a coloured word. The word says everything: the colour repeats it.
type tag struct {
	Text   string
	Colour string // class of the style sheet
}

// page writes a page. It is made whole first, so that a fault in a template leaves no half page behind.
func page(w http.ResponseWriter, status int, name string, view any) error {
	var body bytes.Buffer
	if err := templates[name].ExecuteTemplate(&body, "layout", view); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // the client may have gone
	return nil
}

// errorPage shows a problem to a person.
func (s *Server) errorPage(w http.ResponseWriter, r *http.Request, p problem) {
	heading := map[int]string{
		http.StatusNotFound: "Not found", http.StatusForbidden: "You may not do this",
		http.StatusServiceUnavailable: "Not ready yet", http.StatusInternalServerError: "Something went wrong",
	}[p.Status]
	if heading == "" {
		heading = p.Title
	}
	view := struct {
		Frame             frame
		Heading, Text, ID string
	}{s.frame(r, heading), heading, sentence(p.Detail), note(r).id}
	if err := page(w, p.Status, "error", view); err != nil {
		s.Log.ErrorContext(r.Context(), "error page failed", "id", note(r).id, "cause", err)
		http.Error(w, heading, p.Status)
	}
}

// static answers with an embedded file.
func (s *Server) static(w http.ResponseWriter, r *http.Request) error {
	body, err := fs.ReadFile(staticFiles, "static/"+r.PathValue("file"))
	if err != nil {
		return &httpError{http.StatusNotFound, "NOT_FOUND", "there is nothing at this address"}
	}
	w.Header().Set("Cache-Control", "public, max-age=604800")
	http.ServeContent(w, r, r.PathValue("file"), time.Time{}, bytes.NewReader(body))
	return nil
}
