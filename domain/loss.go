package domain

import (
	"time"

	"github.com/google/uuid"
)

// LossAccepted records that the log was restored from a backup that ends before an event which is known to have been
// recorded, and that somebody decided to go on without what came in between. It is the first event after the last that was
// restored. Nobody commands it: it follows from a restore, and stands in the log before anything else is done with it.
type LossAccepted struct {
	LastPosition  uint64    `json:"last_position" doc:"where the backup ends"`
	LastEvent     uuid.UUID `json:"last_event" doc:"the event with which it ends"`
	KnownPosition uint64    `json:"known_position" doc:"where the newest event stood that is known to be missing"`
	KnownEvent    uuid.UUID `json:"known_event" doc:"the newest event that is known to be missing"`
	BackupMadeAt  time.Time `json:"backup_made_at" doc:"when the backup was made"`
	DecidedAt     time.Time `json:"decided_at" doc:"when it was decided, and restored"`
	Approver      uuid.UUID `json:"approver" doc:"the person who decided, as the operator stated"`
	Reason        Term      `json:"reason" doc:"why, as a code or the number of an incident"`
}

// Schema names the event.
func (LossAccepted) Schema() (string, int) { return "LossAccepted", 1 }

// When is the moment of the decision.
func (e LossAccepted) When() time.Time { return e.DecidedAt }

// adopt changes nothing by which cases are decided.
func (LossAccepted) adopt(*Config, time.Time) error { return nil }
