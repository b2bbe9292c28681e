package legacy

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// No value of a row comes out of an import: not in the report, not in its errors, not in clear in the log. Each cell of
// a damaged file holds a canary of its own, and so do the columns that are codes.
func TestNoValueLeavesTheSeal(t *testing.T) {
	w := newTown(t)
	m := load(t, council(t, nil))
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		var text strings.Builder
		text.WriteString(lettersHeader)
		for line := range rapid.IntRange(1, 8).Draw(rt, "rows") {
			canary := func(column string) string { return fmt.Sprintf("canary-%s-%d-%d", column, round, line) }
			good := []string{
				fmt.Sprintf("R%d-%d", round, line), "open", "01/03/2025 10:00", "02/03/2025 10:00", "C", "housing", "Abbey", canary("wish"), "Y", canary("clerk"),
			}
			row := strings.Join(good, ",")
			switch rapid.SampledFrom([]string{"good", "cell", "columns", "quote", "open quote", "bytes", "cut"}).Draw(rt, "damage") {
			case "cell":
				at := rapid.IntRange(0, len(good)-1).Draw(rt, "column")
				good[at] = canary("cell") + rapid.SampledFrom([]string{"", "%", "!", strings.Repeat("x", 70)}).Draw(rt, "tail")
				row = strings.Join(good, ",")
			case "columns":
				row = strings.Join(append(good, canary("more")), ",")
			case "quote":
				row = strings.Replace(row, "Abbey", canary("ward")+"\"", 1)
			case "open quote":
				row = strings.Replace(row, "Abbey", "\""+canary("ward"), 1)
			case "bytes":
				row = strings.Replace(row, "Abbey", canary("ward")+"\xfe", 1)
			case "cut":
				row = row[:rapid.IntRange(0, len(row)).Draw(rt, "at")]
			}
			text.WriteString(row + "\n")
		}
		var said bytes.Buffer
		for _, dryRun := range []bool{true, false} {
			r, err := w.try(m, text.String(), dryRun)
			if err != nil {
				rt.Fatalf("the import has stopped")
			}
			if err := r.Print(&said); err != nil {
				rt.Fatal(err)
			}
			fmt.Fprintf(&said, "%+v", r)
		}
		if strings.Contains(said.String(), "canary-") {
			rt.Fatalf("the report tells a value: %s", said.String())
		}
	})
	// What is a code by the mapping stands in the log: the reference, the status, the team, the ward.
	for r, err := range w.store.ReadAll(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, column := range []string{"wish", "clerk", "more"} {
			if bytes.Contains(r.Data, []byte("canary-"+column)) || bytes.Contains(r.RawMeta, []byte("canary-"+column)) {
				t.Errorf("%s of %s holds the column %s in clear", r.Type, r.Stream, column)
			}
		}
	}
}
