// Package trust breaks the system on purpose and looks whether it keeps its word. It has tests only; each is a harness
// with the number of the catalogue that it stands for, and drives what users run: the built binary over HTTP, the port to
// the log, the command handler.
//
// A harness does the same three things: it puts load on the system and remembers every answer; it does the harm (a kill, a
// power cut, a failing disk, a broken network, a dependency that goes away); and afterwards it holds what was answered
// against the log. What must hold: everything that was acknowledged stands in the log, nothing stands there twice, what
// was left open can be sent again until it is answered, and verify and projections check find nothing.
//
// Each harness has a control: the same harness over a system with a planted fault, which it must catch. A harness that
// catches nothing proves nothing. Faults are planted where production cannot reach them: on the disk, in the caller, or by
// a build tag sabotage_NAME.
//
// How much is done is said by -trust: smoke, which is what `go test` does without it, ci (`make trust`) or night
// (`make trust-night`). Every harness prints its seed; SEED=… replays it. One that cannot run here says
// `SKIP trust/NAME: reason` and fails, since a proof that was not made is none.
package trust
