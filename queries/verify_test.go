package queries_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"redress/domain"
	"redress/projections/readtest"
	"redress/queries"
)

// A loss that was accepted is no fault, and is said. A decision that stands anywhere else than behind the event with which
// it says that the backup ended is one about another log.
func TestVerifyAcceptedLosses(t *testing.T) {
	c, q := council(t, 3, 2)
	last, err := c.Store.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	loss := domain.LossAccepted{
		LastPosition: last.Position, LastEvent: last.ID, KnownPosition: last.Position + 900, KnownEvent: uuid.New(),
		BackupMadeAt: now, DecidedAt: now, Approver: uuid.New(), Reason: "INC-3",
	}
	verified := func() (*queries.Verification, queries.Check) {
		if _, err := q.WaitForEnd(t.Context(), patience); err != nil {
			t.Fatal(err)
		}
		v, err := q.Verify(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return v, v.Checks[len(v.Checks)-1]
	}
	before, _ := verified()
	c.Append(domain.ConfigStream(readtest.Tenant), now, loss)
	v, check := verified()
	said := strings.Join(v.NotChecked, "\n")
	if !v.OK || check.Checked != 1 || len(v.NotChecked) != len(before.NotChecked)+1 || !strings.Contains(said, loss.KnownEvent.String()) || !strings.Contains(said, "INC-3") {
		t.Errorf("with a loss: %s", encoded(t, v))
	}
	bad := c.Append(domain.ConfigStream(readtest.Tenant), now, loss)
	if v, check = verified(); v.OK || check.OK || check.FirstBad.Position != bad {
		t.Errorf("with a decision about another log: %s", encoded(t, v))
	}
}
