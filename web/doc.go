// Package web is the HTTP door: the JSON API under /api, the pages for people, and the open health checks.
//
// It decides nothing. A command goes to commands.Handler and a question to queries.Queries; what comes back is a typed
// answer, a *domain.Rejection, which may be shown, or a fault, which is logged once and shown only as an id.
//
//   - [Server] holds what the door needs and makes the handler (server.go); routes.go is the one list of routes, from
//     which also the OpenAPI document is made (openapi.go).
//   - who.go says who acts: a bearer token, the operator, or a session. access.go is the one place that says what that
//     caller may read; a case that a caller may not know of is not there for them.
//   - problem.go turns every error into a problem document (RFC 9457) or an error page.
//   - One file a page or resource: overview.go, case.go, signin.go, commands.go, cases.go, report.go, tokens.go, erase.go.
//
// Pages are server-rendered and need no script. Their templates print; every choice is made in Go, in a view struct.
package web
