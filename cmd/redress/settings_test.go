package main

import (
	"slices"
	"testing"
)

// A variable that is misspelt is named; settings, what is for tests, and what belongs to others is not.
func TestUnknownSettings(t *testing.T) {
	environ := []string{
		"HOME=/root", "REDRESS_DATA=x", "REDRESS_LOG_LEVEL=debug", "REDRESS_CONFIG=y", "REDRESS_TOKEN=z", "REDRESS_TEST_NATS=nats://",
		"REDRESS_POSTGRES_ULR=postgres://", "REDRESS_=", "MY_REDRESS_DATA=", "REDRESS_attached=1",
	}
	want := []string{"REDRESS_POSTGRES_ULR", "REDRESS_", "REDRESS_attached"}
	if got, err := unknownSettings(environ); err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}
