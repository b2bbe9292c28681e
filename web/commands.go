package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"redress/commands"
	"redress/domain"
)

// maxKey is the longest Idempotency-Key, in bytes.
const maxKey = 200

// commandRoutes makes one route for each entry of commands.All.
func (s *Server) commandRoutes() []route {
	list := make([]route, 0, len(commands.All))
	for _, c := range commands.All {
		list = append(list, route{
			method: "POST", path: "/api/commands/" + c.Name, id: c.Name, summary: c.Doc, command: true,
			params: []param{idempotencyKey, ifMatch, actFor}, body: c.Body, answer: commands.Answer{},
			handle: func(w http.ResponseWriter, r *http.Request) error { return s.do(w, r, c.Name) },
		})
	}
	return append(list, route{method: "POST", path: "/api/commands/{command}", handle: func(http.ResponseWriter, *http.Request) error {
		return domain.Reject(domain.UnknownCommand, "there is no such command")
	}})
}

// do hands a command to the handler, which decides the rest of the order of checks.
func (s *Server) do(w http.ResponseWriter, r *http.Request, name string) error {
	key, err := oneHeader(r, "Idempotency-Key")
	if err != nil {
		return err
	}
	if len(key) > maxKey {
		return domain.BadValue("Idempotency-Key", "at most "+strconv.Itoa(maxKey)+" bytes")
	}
	seen, err := revisionSeen(r)
	if err != nil {
		return err
	}
	body, err := readBody(r)
	if err != nil {
		return err
	}
	c := who(r)
	ctx, cancel := context.WithTimeout(r.Context(), logPatience)
	defer cancel()
	got, err := s.Commands.Do(ctx, commands.Request{
		Command: name, Body: body, Key: key, IfMatch: seen, Actor: c.actor, WayIn: c.way,
	})
	if err != nil {
		return err
	}
	w.Header().Set("ETag", strconv.Quote(strconv.FormatUint(got.Revision, 10)))
	return answer(w, http.StatusOK, got)
}

// logPatience is how long a command waits for the log to be reached again, before its caller is told.
const logPatience = 30 * time.Second

// revisionSeen reads If-Match: one quoted integer, or nothing.
func revisionSeen(r *http.Request) (*uint64, error) {
	header, err := oneHeader(r, "If-Match")
	if err != nil || header == "" {
		return nil, err
	}
	digits, quoted := strings.CutPrefix(header, `"`)
	digits, closed := strings.CutSuffix(digits, `"`)
	n, err := strconv.ParseUint(digits, 10, 64)
	if !quoted || !closed || err != nil {
		return nil, domain.BadValue("If-Match", "a revision in quotes")
	}
	return &n, nil
}

// oneHeader returns a header that may be sent once.
func oneHeader(r *http.Request, name string) (string, error) {
	values := r.Header.Values(name)
	if len(values) > 1 {
		return "", domain.BadValue(name, "sent once")
	}
	if len(values) == 0 {
		return "", nil
	}
	return values[0], nil
}
