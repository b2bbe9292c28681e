package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"redress/domain"
)

// problem is the answer to a request that was not done (RFC 9457). It names fields and rules, never values.
type problem struct {
	Type     string         `json:"type" doc:"urn:redress:problem: and the code"`
	Title    string         `json:"title" doc:"what the status means"`
	Status   int            `json:"status" doc:"the HTTP status"`
	Detail   string         `json:"detail" doc:"one sentence for a person"`
	Instance string         `json:"instance" doc:"the id of this request, under which a fault is logged"`
	Code     string         `json:"code" doc:"the reason code, permanent and machine-readable"`
	Errors   []domain.Fault `json:"errors" doc:"what is wrong field by field; empty unless the status is 400"`
}

// status maps the classes of rejections. What is refused is looked up by class, never by code. Stale is 412 where the
// caller named a revision, and 409 where re-deciding did not settle a conflict.
var status = map[domain.Class]int{
	domain.Invalid:   http.StatusBadRequest,
	domain.Forbidden: http.StatusForbidden,
	domain.Missing:   http.StatusNotFound,
	domain.Stale:     http.StatusPreconditionFailed,
	domain.Refused:   http.StatusUnprocessableEntity,
}

// httpError is a refusal of the door itself, before any command or question was asked.
type httpError struct {
	status int
	code   string
	detail string
}

func (e *httpError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.detail) }

// logUnavailable is the code where the log does not answer. A command may stand in it all the same.
const logUnavailable = "LOG_UNAVAILABLE"

// errSignIn is the answer to a caller whom nothing identifies.
var errSignIn = &httpError{http.StatusUnauthorized, "UNAUTHENTICATED", "a valid bearer token or session is needed"}

// fail answers a request with its error. A fault is logged here, once, and shown as nothing but the request's id.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		note(r).status = 499 // the client has gone: there is nobody to answer, and nothing is wrong with us
		return
	}
	p := describe(r, err)
	if p.Status == http.StatusInternalServerError || p.Code == logUnavailable {
		s.Log.ErrorContext(r.Context(), "request failed", "id", note(r).id, "route", note(r).route, "method", r.Method, "cause", err)
	}
	note(r).code = p.Code
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	switch {
	case isAPI(r):
		if p.Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="redress"`)
		}
		writeProblem(w, p)
	case p.Status == http.StatusUnauthorized:
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	default:
		s.errorPage(w, r, p)
	}
}

// describe turns an error into the problem that may be shown.
func describe(r *http.Request, err error) problem {
	p := problem{Instance: "urn:uuid:" + note(r).id, Errors: []domain.Fault{}}
	var (
		rejection *domain.Rejection
		refusal   *httpError
		tooLarge  *http.MaxBytesError
		outage    interface{ Unavailable() bool }
	)
	switch {
	case errors.As(err, &rejection):
		p.Status, p.Code, p.Detail = status[rejection.Class], string(rejection.Code), rejection.Detail
		if rejection.Faults != nil {
			p.Errors = rejection.Faults
		}
		if rejection.Class == domain.Stale && r.Header.Get("If-Match") == "" {
			p.Status = http.StatusConflict
		}
	case errors.As(err, &refusal):
		p.Status, p.Code, p.Detail = refusal.status, refusal.code, refusal.detail
	case errors.As(err, &tooLarge):
		p.Status, p.Code = http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE"
		p.Detail = fmt.Sprintf("a body holds at most %d bytes", tooLarge.Limit)
	case errors.As(err, &outage) && outage.Unavailable(), errors.Is(err, context.DeadlineExceeded):
		p.Status, p.Code = http.StatusServiceUnavailable, logUnavailable
		p.Detail = "the log cannot be reached, or takes nothing at present; send the same again later, with the same Idempotency-Key"
	default:
		p.Status, p.Code = http.StatusInternalServerError, "FAULT"
		p.Detail = "something went wrong here; the id of this request names it in the log"
	}
	p.Title, p.Type = http.StatusText(p.Status), "urn:redress:problem:"+p.Code
	return p
}

func writeProblem(w http.ResponseWriter, p problem) {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers: cannot fail
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n')) // the client may have gone
}

// isAPI reports whether programs, not people, read the answer.
func isAPI(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/api" || r.URL.Path == "/metrics"
}
