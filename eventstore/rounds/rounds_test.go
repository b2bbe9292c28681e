package rounds_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"redress/eventstore/rounds"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Those who ask while a round is under way share the next, and all of them are answered
// by work that began after they asked.
func TestThoseWhoComeMeanwhileShareTheNextRound(t *testing.T) {
	var r rounds.Rounds[int, []int]
	began, release := make(chan []int), make(chan struct{})
	work := func(_ context.Context, asked []int) ([]int, error) {
		began <- asked
		<-release
		return asked, nil
	}
	var group sync.WaitGroup
	ask := func(question int) {
		group.Go(func() {
			answer, err := r.Ask(t.Context(), work, question)
			if err != nil || !slices.Contains(answer, question) {
				t.Errorf("%d is answered with %v, %v", question, answer, err)
			}
		})
	}
	ask(0)
	if first := <-began; !slices.Equal(first, []int{0}) {
		t.Errorf("who is alone shares %v", first)
	}
	for i := 1; i <= 20; i++ {
		ask(i)
	}
	left := 20
	for left > 0 {
		release <- struct{}{}
		left -= len(<-began)
	}
	release <- struct{}{}
	group.Wait()
	if left != 0 {
		t.Errorf("%d questions too many were worked on", -left)
	}
}

// The work goes on for the others when the one that began the round leaves, and ends with
// the last.
func TestWorkEndsWithTheLastWhoWaits(t *testing.T) {
	var r rounds.Rounds[string, string]
	first, leave := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	running, ended := make(chan struct{}), make(chan error, 1)
	work := func(ctx context.Context, _ []string) (string, error) {
		close(running)
		<-ctx.Done()
		ended <- ctx.Err()
		return "", ctx.Err()
	}
	answered := make(chan error, 1)
	go func() { _, err := r.Ask(first, work, "a"); answered <- err }()
	<-running
	select {
	case <-ended:
		t.Error("the work ended while somebody waited")
	default:
	}
	leave(gone)
	if err := <-answered; !errors.Is(err, gone) {
		t.Errorf("who leaves is told %v", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the work ended with %v", err)
	}
}
