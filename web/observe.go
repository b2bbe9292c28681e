package web

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// notes is what the access log says of one request. The goroutine of the request owns it.
type notes struct {
	id     string
	route  string // the pattern, never the path: a path may name a person
	code   string // the problem's code, where the answer was one
	status int    // set only where no answer was written
	caller *caller
}

type notesKey struct{}

// note returns the notes of a request.
func note(r *http.Request) *notes {
	if n, ok := r.Context().Value(notesKey{}).(*notes); ok {
		return n
	}
	return &notes{}
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the first status.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implies 200, as net/http does.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// observe gives each request an id, turns a panic into a fault, and writes one line of access log and one observation.
// Neither holds a value from the request's path, query, headers or body.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		n := &notes{id: uuid.NewString(), route: "none"}
		r = r.WithContext(context.WithValue(r.Context(), notesKey{}, n))
		rec := &recorder{ResponseWriter: w}
		defer func() {
			if fault := recover(); fault != nil {
				s.panicked(rec, r, fault)
			}
			s.finish(r, n, rec.status, time.Since(began))
		}()
		rec.Header().Set("X-Request-Id", n.id)
		next.ServeHTTP(rec, r)
	})
}

// panicked answers a request whose handler panicked. The value is logged by its type only unless it is an error of the
// runtime, since a value might hold personal data.
func (s *Server) panicked(rec *recorder, r *http.Request, fault any) {
	if fault == http.ErrAbortHandler {
		panic(fault)
	}
	cause := fmt.Sprintf("panic of type %T", fault)
	if err, ok := fault.(interface{ RuntimeError() }); ok {
		cause = fmt.Sprint("panic: ", err)
	}
	err := fmt.Errorf("%s at %s", cause, origin(debug.Stack()))
	if rec.status == 0 {
		s.fail(rec, r, err)
		return
	}
	s.Log.ErrorContext(r.Context(), "request failed after its answer had begun", "id", note(r).id, "route", note(r).route, "cause", err)
}

// origin returns the first line of our own code below the panic.
func origin(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	after := false
	for _, line := range lines {
		if strings.HasPrefix(line, "panic(") {
			after = true
			continue
		}
		if after && strings.HasPrefix(line, "\t") && strings.Contains(line, "redress") {
			return strings.TrimSpace(line)
		}
	}
	return "unknown"
}

func (s *Server) finish(r *http.Request, n *notes, status int, took time.Duration) {
	if status == 0 {
		status = n.status
	}
	s.requests.WithLabelValues(n.route, method(r), strconv.Itoa(status)).Observe(took.Seconds())
	attrs := []any{"id", n.id, "method", method(r), "route", n.route, "status", status, "ms", took.Milliseconds()}
	if n.caller != nil {
		attrs = append(attrs, "actor", n.caller.actor.ID)
	}
	if n.code != "" {
		attrs = append(attrs, "code", n.code)
	}
	s.Log.InfoContext(r.Context(), "request", attrs...)
}

// method returns the request's method where it is a known one: a client may invent any.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}
