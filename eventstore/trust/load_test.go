package trust

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/commands"
)

// workers is how many callers send commands at once. Each has cases of its own.
const workers = 6

// call is one command, which is sent until it is answered. Its key and its body never change.
type call struct {
	command, key string
	body         []byte
	sent         bool
	answer       *commands.Answer // nil while the outcome is unknown
}

// load sends commands over HTTP and remembers everything about them.
type load struct {
	machine *machine
	client  *http.Client
	checked uint64 // the position up to which the answers have been held against the log
	token   string
	person  uuid.UUID
	random  *rand.Rand // guarded by mu
	// careless plants a fault in the callers: what got no answer is sent again under a new key.
	careless bool

	mu    sync.Mutex
	calls []*call
	wrong []error // what must not be
	tries int     // requests without an answer that can be relied on

	answered atomic.Int64
}

func newLoad(m *machine, random *rand.Rand) (*load, error) {
	l := &load{
		client:  &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: workers}},
		machine: m, person: uuid.New(), random: random,
	}
	m.t.Cleanup(l.client.CloseIdleConnections)
	var made struct {
		Token string `json:"token"`
	}
	body := []byte(`{"name":"mary","roles":["complaints_manager"],"service":"housing","grade":9}`)
	if err := l.post(m.t.Context(), m.running.token, "/api/tokens", "", body, &made); err != nil {
		return nil, err
	}
	l.token = made.Token
	return l, l.post(m.t.Context(), l.token, "/api/commands/RecordPerson", "pat", mustJSON(map[string]any{"person_id": l.person, "name": "A Name"}), nil)
}

// refusal is an answer that is definite and no success.
type refusal struct {
	status int
	code   string
}

func (e *refusal) Error() string { return fmt.Sprintf("%d %s", e.status, e.code) }

// post sends one request. A status from 500 on says nothing about what was done; every other one is definite.
func (l *load) post(ctx context.Context, token, path, key string, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.machine.running.web+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	response, err := l.client.Do(request)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode/100 == 2 {
		if into == nil {
			return nil
		}
		return json.Unmarshal(text, into)
	}
	var problem struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(text, &problem) == nil && response.StatusCode < 500 {
		return &refusal{response.StatusCode, problem.Code}
	}
	return fmt.Errorf("the server answered %d", response.StatusCode)
}

// send sends a call once and keeps the answer. It reports whether there was one.
func (l *load) send(ctx context.Context, c *call) bool {
	if l.careless && c.sent && c.answer == nil {
		c.key = uuid.NewString()
	}
	c.sent = true
	var answer commands.Answer
	err := l.post(ctx, l.token, "/api/commands/"+c.command, c.key, c.body, &answer)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.tries++
		if r, definite := errors.AsType[*refusal](err); definite && (r.status != http.StatusConflict || r.code != "STALE_REVISION") {
			l.wrong = append(l.wrong, fmt.Errorf("%s was refused: %w", c.command, err))
			return true
		}
		return false
	}
	l.answered.Add(1)
	if c.answer != nil && !same(*c.answer, answer) {
		l.wrong = append(l.wrong, fmt.Errorf("%s, sent again, got another answer: %+v, then %+v", c.command, *c.answer, answer))
	}
	c.answer = &answer
	return true
}

func same(a, b commands.Answer) bool { return bytes.Equal(mustJSON(a), mustJSON(b)) }

func mustJSON(v any) []byte {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err) // values of this package: cannot fail
	}
	return text
}

// begin notes a new call.
func (l *load) begin(command string, body map[string]any) *call {
	c := &call{command: command, key: uuid.NewString(), body: mustJSON(body)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
	return c
}

// chance draws a number below n.
func (l *load) chance(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.random.IntN(n)
}

// run sends commands from all workers until ctx ends. Each worker sends a call until it is answered, so at most one a
// worker is open at the end; those are finished by settle.
func (l *load) run(ctx context.Context) {
	var all sync.WaitGroup
	for range workers {
		all.Go(func() { l.work(ctx) })
	}
	all.Wait()
}

func (l *load) work(ctx context.Context) {
	var of *uuid.UUID // the case that is worked on
	for ctx.Err() == nil {
		var c *call
		if of == nil || l.chance(8) == 0 {
			c = l.begin("ReceiveFeedback", l.complaint())
		} else {
			c = l.begin("RecordContact", map[string]any{
				"case": *of, "at": time.Now().UTC(), "channel": "phone", "direction": "in", "with": l.person, "note": "They rang again.",
			})
		}
		for !l.send(ctx, c) {
			if !pause(ctx, 20*time.Millisecond) {
				return
			}
		}
		if c.answer != nil && c.command == "ReceiveFeedback" {
			of = c.answer.Case
		}
	}
}

func (l *load) complaint() map[string]any {
	return map[string]any{
		"kind": "complaint", "channel": "email", "received_at": time.Now().UTC(), "service": "housing", "category": "repairs",
		"procedure_id": "nnc-corporate-2024", "summary": "No heating", "complainant": l.person,
		"issues": []map[string]any{{"issue_id": "a", "text": "No heating", "category": "repairs"}},
	}
}

// awake answers a context that ends after so much time in which this machine ran: a virtual machine may be halted for
// minutes, which is not the fault of what is waited for.
func awake(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		const ticks = 100
		tick := time.NewTicker(most / ticks)
		defer tick.Stop()
		for range ticks {
			select {
			case <-tick.C: // however late it comes
			case <-ctx.Done():
				return
			}
		}
		cancel()
	}()
	return ctx, cancel
}

// pause waits and reports whether the context is still alive.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// acknowledged returns the calls that have been answered so far.
func (l *load) acknowledged() []*call {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.calls), func(c *call) bool { return c.answer == nil })
}

// settle looks whether everything that was answered stands in the log; only then, since that would mend what is lost, it
// sends every open call until it is answered, and the last n of the others again. Each has a minute for its answer.
func (l *load) settle(ctx context.Context, n int) error {
	if err := l.stands(); err != nil {
		return err
	}
	acknowledged := l.acknowledged()
	l.mu.Lock()
	calls := slices.Clone(l.calls)
	l.mu.Unlock()
	for _, c := range calls {
		if c.answer == nil && !l.insist(ctx, c) {
			return cmp.Or(l.fault(), fmt.Errorf("a %s that was left open gets no answer", c.command))
		}
	}
	for _, c := range acknowledged[max(0, len(acknowledged)-n):] {
		if !l.insist(ctx, c) {
			return cmp.Or(l.fault(), fmt.Errorf("a %s that was answered gets no answer any more", c.command))
		}
	}
	return l.fault()
}

// insist sends a call until it is answered, for a minute at most.
func (l *load) insist(ctx context.Context, c *call) bool {
	if l.send(ctx, c) {
		return true
	}
	ctx, cancel := awake(ctx, time.Minute)
	defer cancel()
	for pause(ctx, 50*time.Millisecond) && l.fault() == nil {
		if l.send(ctx, c) {
			return true
		}
	}
	return false
}

// stands makes sure that the events which were acknowledged since it was last asked stand in the log, where the answers
// say.
func (l *load) stands() error {
	log, err := l.machine.events(l.checked + 1)
	if err != nil {
		return err
	}
	if _, err := l.answeredIn(log, l.checked); err != nil {
		return err
	}
	if len(log) > 0 {
		l.checked = log[len(log)-1].Position
	}
	return nil
}

// answeredIn counts the acknowledged events behind a position, each of which must stand in that part of the log.
func (l *load) answeredIn(log []event, behind uint64) (answered int, err error) {
	stands := map[uuid.UUID]event{}
	for _, e := range log {
		stands[e.ID] = e
	}
	lost := 0
	var first string
	for _, c := range l.acknowledged() {
		for _, placed := range c.answer.Events {
			if placed.Position <= behind {
				continue
			}
			answered++
			want := event{Position: placed.Position, Stream: c.answer.Stream, Revision: placed.Revision, ID: placed.ID, Type: placed.Type}
			if stands[placed.ID] != want {
				if lost++; lost == 1 {
					first = fmt.Sprintf("the log has %+v where %+v was answered", stands[placed.ID], want)
				}
			}
		}
	}
	if lost > 0 {
		return answered, fmt.Errorf("%d of %d acknowledged events are not where the answers say; %s", lost, answered, first)
	}
	return answered, nil
}

// fault returns what has been seen so far that must not be.
func (l *load) fault() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.wrong[:min(len(l.wrong), 5)]...)
}

// audit holds the answers against the whole log: each event that was acknowledged stands there where the answer says, and
// in the streams of cases nothing else does. The load is settled.
func (l *load) audit(log []event) error {
	answered, err := l.answeredIn(log, 0)
	if err != nil {
		return err
	}
	cases := 0
	for _, e := range log {
		if strings.HasPrefix(e.Stream, "complaint-") {
			cases++
		}
	}
	if cases != answered {
		return fmt.Errorf("%d events were acknowledged and %d stand in the cases: something was applied twice", answered, cases)
	}
	return nil
}

// proved makes sure that a run that has found nothing can have found something: so many commands were acknowledged, and so
// often was one left without an answer at least once.
func (l *load) proved(harms int) error {
	l.mu.Lock()
	tries := l.tries
	l.mu.Unlock()
	if n := len(l.acknowledged()); n < harms || tries == 0 {
		return fmt.Errorf("%d commands were acknowledged and %d requests left without an answer: that proves nothing", n, tries)
	}
	return nil
}

// mark returns the calls that have been answered so far, as a set.
func (l *load) mark() map[*call]bool {
	answered := map[*call]bool{}
	for _, c := range l.acknowledged() {
		answered[c] = true
	}
	return answered
}

// forget takes back every answer that came after a mark: the machine has gone back to that moment, or a little behind it.
// Calls stand in the order in which they were begun, so what settle sends again finds the case that it is about.
func (l *load) forget(sure map[*call]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.calls {
		if !sure[c] {
			c.answer = nil
		}
	}
}
