package web

import (
	"net/http"
)

// access says who gets through to a route at all. What they may see there is decided in access.go.
type access int

const (
	signed  access = iota // a token or a session; the default
	visitor               // anybody, with the session of their browser
	open                  // anybody, without a session
)

// route is one entry of the list from which the handler and the OpenAPI document are made.
type route struct {
	method  string
	path    string // as in OpenAPI: parameters in braces
	access  access
	summary string
	params  []param
	body    any // nil, or a value of the type that the body holds
	answer  any // nil, or a value of the type of the answer
	status  int // of the answer; 0 is 200
	handle  func(http.ResponseWriter, *http.Request) error
	command bool   // the body is a command's
	id      string // the operation's id; empty for pages, which the document leaves out
}

// param is a parameter of a route.
type param struct {
	name, in string // in: path, query or header
	schema   schema
	doc      string
}

// Parameters that several routes share.
var (
	refParam = param{"ref", "path", schema{"type": "string"}, "an id, a reference, or SOURCE:REF of an imported case"}
	waitFor  = param{
		"wait", "query",
		schema{"type": "integer", "minimum": 0},
		"answer only when the read models have reached this position; 503 when they have not after two seconds",
	}
	idempotencyKey = param{
		"Idempotency-Key", "header",
		schema{"type": "string", "maxLength": maxKey},
		"the same key with the same body is done once, and answered alike for ever; without one a retry may do it twice",
	}
	ifMatch = param{
		"If-Match", "header",
		schema{"type": "string", "pattern": `^"[0-9]+"$`},
		"the last revision of the stream that you have seen, in quotes: 412 where the stream has moved on",
	}
	actFor = param{
		"X-Redress-For", "header",
		schema{"type": "string"},
		"the account name for which the operator acts; that account's rights apply",
	}
)

// routes lists everything that is answered. A command is here because it stands in commands.All, and for no other reason.
func (s *Server) routes() []route {
	list := []route{
		{method: "GET", path: "/healthz", access: open, handle: s.healthz, id: "health", summary: "The process runs", answer: healthAnswer{}},
		{method: "GET", path: "/readyz", access: open, handle: s.readyz, id: "ready", summary: "Commands and questions can be answered", answer: healthAnswer{}},
		{method: "GET", path: "/metrics", handle: s.metrics, id: "metrics", summary: "Measurements for Prometheus"},
		{method: "GET", path: "/api/openapi.json", handle: s.openAPI, id: "openapi", summary: "This document"},

		{method: "GET", path: "/{$}", handle: s.overviewPage},
		{method: "GET", path: "/cases/{ref}", handle: s.casePage},
		{method: "GET", path: "/sign-in", access: visitor, handle: s.signInPage},
		{method: "POST", path: "/sign-in", access: visitor, handle: s.signIn},
		{method: "POST", path: "/sign-out", access: visitor, handle: s.signOut},
		{method: "GET", path: "/static/{file}", access: open, handle: s.static},
	}
	list = append(list, s.caseRoutes()...)
	list = append(list, s.taskRoutes()...)
	list = append(list, s.tokenRoutes()...)
	return append(list, s.commandRoutes()...)
}
