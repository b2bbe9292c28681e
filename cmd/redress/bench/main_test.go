package main

import (
	"bytes"
	"strings"
	"testing"
)

// Rounds are put together by their medians, of ratios that of each round: here 1.00, 1.50 and 1.43.
func TestRatios(t *testing.T) {
	var out bytes.Buffer
	found, err := read(strings.NewReader(`goos: linux
BenchmarkAppend/c=64-2   1  50000 ns/op   9000 client-appends/s  900 client-p50-µs   9000 insert-appends/s  100 insert-p50-µs
BenchmarkAppend/c=64-2   1  50000 ns/op  12000 client-appends/s  130 client-p50-µs   8000 insert-appends/s  100 insert-p50-µs
BenchmarkAppend/c=64-2   1  50000 ns/op  10000 client-appends/s  110 client-p50-µs   7000 insert-appends/s  100 insert-p50-µs
BenchmarkLarge/open             3    250000000 ns/op   710.5 B/event   1.225 of-content
ok   redress/eventstore/node 1.0s
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := write(&out, found); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"10000 client-appends/s  8000 insert-appends/s  1.43   >= 1.0", "130 µs                  100 µs                 1.30", "710 B/event", "1.23   <= 1.25", "250.0 ms"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
	for _, failed := range []string{"--- FAIL: BenchmarkOpen", "FAIL\tredress/queries\t1.0s"} {
		if _, err := read(strings.NewReader(failed)); err == nil {
			t.Errorf("%q was read over", failed)
		}
	}
}
