// Package commands takes what somebody wants to have happen, as JSON, and makes it happen or says why not.
//
// commands.go is the list of all commands. decode.go reads a body strictly and reports every fault in it. handler.go is
// the one way from a command to the log: read, fold, decide, append at the revision that was read. The decisions
// themselves are the domain's.
//
// What must hold:
//
//   - A command's id is derived from its Idempotency-Key, an event's from its command. The same command, however often
//     and however late, has one effect, and its answer is made from what stands in the log.
//   - A decision sees streams that were read from the log for it. Folded streams may be kept in memory, since each is
//     brought up to date by reading on from its revision, and the append at that revision proves it.
//   - A refusal leaves nothing behind.
package commands
