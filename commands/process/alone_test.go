package process_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"redress/commands/process"
)

// session opens a session of PostgreSQL, which whoever asks closes.
func (w *town) session() *pgx.Conn {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.pg)
	if err != nil {
		w.t.Fatal(err)
	}
	return conn
}

// runner is a process with managers of its own, which waits for the lock or works.
type runner struct {
	*process.Manager
	looks chan struct{} // it begins to look at the cases
	ticks chan time.Time
	ended chan error
	stop  context.CancelFunc
}

// runs starts a runner on a session of its own.
func (w *town) runs(m *process.Manager, silence time.Duration) *runner {
	ctx, stop := context.WithCancel(w.t.Context())
	r := &runner{Manager: m, looks: make(chan struct{}, 1), ticks: make(chan time.Time), ended: make(chan error, 1), stop: stop}
	m.Candidates = func(context.Context, []string, time.Time, time.Time) ([]uuid.UUID, error) {
		r.looks <- struct{}{}
		return w.cases, nil
	}
	session, gone := w.session(), make(chan struct{})
	go func() {
		defer close(gone)
		err := m.RunAlone(ctx, session, "council", silence, r.ticks)
		session.Close(context.WithoutCancel(ctx))
		r.ended <- err
	}()
	w.t.Cleanup(func() {
		stop()
		<-gone
	})
	return r
}

// waits returns when somebody waits for the lock.
func (w *town) waits() {
	w.t.Helper()
	admin := w.session()
	defer admin.Close(w.t.Context())
	for waiting := false; !waiting; {
		if err := admin.QueryRow(w.t.Context(), `select exists (select from pg_locks where locktype = 'advisory' and not granted
			and database = (select oid from pg_database where datname = current_database()))`).Scan(&waiting); err != nil {
			w.t.Fatal(err)
		}
	}
}

// at is a process whose clock stands at a moment.
func (w *town) at(moment time.Time) *process.Manager {
	h := w.another()
	h.Now = func() time.Time { return moment }
	m := w.manager(h)
	m.Now = h.Now
	return m
}

// Of two processes on one cluster exactly one acts, and the other takes over when that one ends.
func TestOneOfTwoActs(t *testing.T) {
	w := newTown(t)
	id := w.receive()
	w.clock = w.clock.AddDate(0, 0, 10)
	other := w.receive() // owed nothing by now
	first := w.runs(w.at(w.clock), time.Minute)
	<-first.looks
	second := w.runs(w.at(w.clock.AddDate(0, 0, 10)), time.Minute)
	w.waits()
	first.ticks <- w.clock // taken when the first step is done
	<-first.looks
	if n := len(w.history(id)); n != 2 {
		t.Errorf("the case has %d events after the first one's step", n)
	}
	select {
	case <-second.looks:
		t.Error("both look at the cases")
	default:
	}
	first.stop()
	if err := <-first.ended; err != nil {
		t.Errorf("the first ended with %v", err)
	}
	<-second.looks
	second.ticks <- w.clock
	<-second.looks
	if n, m := len(w.history(id)), len(w.history(other)); n != 2 || m != 2 {
		t.Errorf("the cases have %d and %d events", n, m)
	}
}

// A process that hangs in the midst of issuing loses its lock to the other, which issues the same. When it wakes up, what
// it had decided appends nothing, and it ends.
func TestPausedPastItsLock(t *testing.T) {
	w := newTown(t)
	id := w.receive()
	w.clock = w.clock.AddDate(0, 0, 10)
	late := w.clock
	hangs, wakes := make(chan struct{}), make(chan struct{})
	slow := w.another()
	slow.Now = func() time.Time { // asked for when the case has been read and before anything is appended
		select {
		case <-wakes:
		default:
			close(hangs)
			<-wakes
		}
		return late
	}
	paused := w.at(late)
	paused.Handler = slow
	first := w.runs(paused, 300*time.Millisecond)
	<-first.looks
	<-hangs
	second := w.runs(w.at(late), time.Minute) // waits until the server has ended the first one's session
	<-second.looks
	second.ticks <- w.clock
	<-second.looks
	if n := len(w.history(id)); n != 2 {
		t.Fatalf("the case has %d events after the second one's step", n)
	}
	close(wakes)
	first.ticks <- w.clock
	if err := <-first.ended; err == nil {
		t.Error("the first goes on without the lock")
	}
	if n := len(w.history(id)); n != 2 {
		t.Errorf("the case has %d events after both", n)
	}
	second.ticks <- w.clock
	<-second.looks
}
