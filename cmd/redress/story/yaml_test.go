package story

import (
	"fmt"
	"testing"
)

// YAML 1.2 has few words that mean more than they say.
func TestPlainScalars(t *testing.T) {
	v, faults := parse([]byte(`
yes: on
no: "true"
date: 2025-01-06
instant: {due: 2021-11-29T15:30:00Z, other: 2021-11-29T15:30:00+01:00}
number: 007
hex: 0x1f
under: 1_000
ref: 24-031-455
true: false
nothing:
tilde: ~
big: 12.50
long: |
  two
  lines
`))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for key, want := range map[string]value{
		"yes": {kind: text, text: "on"}, "no": {kind: text, text: "true"}, "date": {kind: text, text: "2025-01-06"},
		"number": {kind: number, text: "007"}, "hex": {kind: text, text: "0x1f"}, "under": {kind: text, text: "1_000"},
		"ref": {kind: text, text: "24-031-455"}, "true": {kind: boolean, text: "false"}, "nothing": {}, "tilde": {},
		"big": {kind: number, text: "12.50"}, "long": {kind: text, text: "two\nlines\n"},
	} {
		got, there := v.member(key)
		if !there || got.kind != want.kind || got.text != want.text {
			t.Errorf("%s: %v %q, want %v %q", key, got.kind, got.text, want.kind, want.text)
		}
	}
	aliased, faults := parse([]byte("a: &x {due: [1, 2]}\nb: *x\n"))
	b, _ := aliased.member("b")
	if due, _ := b.member("due"); len(faults) > 0 || len(due.items) != 2 || b.line != 2 {
		t.Errorf("an alias: %+v %v", aliased, faults)
	}
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 20 {
		bomb += fmt.Sprintf("a%d: &a%[1]d [*a%d, *a%[2]d, *a%[2]d, *a%[2]d, *a%[2]d, *a%[2]d]\n", i+1, i)
	}
	if _, faults := parse([]byte(bomb)); len(faults) != 1 {
		t.Errorf("aliases without end: %v", faults)
	}
	instant, _ := v.member("instant")
	if due, _ := instant.member("due"); due.text != "2021-11-29T15:30:00Z" || due.line != 5 {
		t.Errorf("due: %+v", due)
	}
	if other, _ := instant.member("other"); other.text != "2021-11-29T15:30:00+01:00" {
		t.Errorf("other: %+v", other)
	}
}
