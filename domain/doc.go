// Package domain is what a council promises about a complaint, and nothing else: the facts that the log keeps, the fold
// that turns a stream of facts into a case, and the decisions that answer a command with new facts or with a reason for
// refusing it.
//
// A noun has one file: receive.go holds the fact [Received], what it does to a [Case], and [DecideReceiveFeedback], which
// alone may make one; the other files are built alike. Procedures, calendars, permissions, officer rules and settings are
// data: no stage, length, officer rule or required content of a particular procedure stands in code.
//
// What must hold:
//
//   - A decision looks at its [Context] and its command only. The same context and command give the same answer, and a
//     refusal is always a [*Rejection].
//   - Every fact that a decision returns can be folded, and so can every fact that was ever written.
//   - A fold never depends on the content of a [Personal] value, on a procedure, or on the time of day.
//   - The package asks no clock, opens no file and starts no goroutine. Instants are UTC; days are civil days in London.
package domain
