package projections

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// GapError stops a runner: events of a stream are missing before this one.
type GapError struct {
	Stream   string
	Want     uint64 // the revision that should come next
	Revision uint64 // the one that came
	Position uint64
}

// Error names stream, revision and position.
func (e *GapError) Error() string {
	return fmt.Sprintf("events are missing: %s goes on with revision %d at position %d, and %d should come next",
		e.Stream, e.Revision, e.Position, e.Want)
}

// ForkError stops a runner: the log does not hold the event at which the tables stand.
type ForkError struct {
	Position  uint64
	Want, Got uuid.UUID // Got is nil when there is no event at the position
}

// Error names the position and both events.
func (e *ForkError) Error() string {
	if e.Got == uuid.Nil {
		return fmt.Sprintf("this is another log, or a shorter one: the tables stand at event %s at position %d, where the log has none", e.Want, e.Position)
	}
	return fmt.Sprintf("this is another log: the tables stand at event %s at position %d, where the log has %s", e.Want, e.Position, e.Got)
}

// errMoved says that the checkpoint is not where this runner left it: another runner is
// at work, or a rebuild has swapped the tables. The runner reads it again and goes on.
var errMoved = errors.New("the checkpoint was moved by somebody else")
