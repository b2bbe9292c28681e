// Command bench reads what go test -bench prints, over any number of rounds, and prints the median of every figure that
// has a limit to be compared with, that of the limit, the median of the ratios that they have in each round, and the
// target where there is one. It judges nothing: a target that is not met is printed, and is no failure.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

func main() {
	found, err := read(os.Stdin)
	if err == nil {
		err = write(os.Stdout, found)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// figure names one figure of one benchmark: "Append/c=1 client-appends/s".
type figure string

// figures are the values of each figure, one a round.
type figures map[figure][]float64

// read takes the benchmarks' lines out of the output of go test: name, iterations, then pairs of a value and its unit. A
// benchmark that has failed is an error, for its limit would be missing or belong to another run.
func read(from io.Reader) (figures, error) {
	found := figures{}
	in := bufio.NewScanner(from)
	for in.Scan() {
		fields := strings.Fields(in.Text())
		if len(fields) > 0 && (fields[0] == "FAIL" || fields[0] == "---" && fields[1] == "FAIL:") {
			return nil, fmt.Errorf("a benchmark has failed: %s", in.Text())
		}
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(fields[0], "Benchmark")
		if cut := strings.LastIndexByte(name, '-'); cut > 0 { // the number of cores
			name = name[:cut]
		}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			key := figure(name + " " + fields[i+1])
			found[key] = append(found[key], value)
		}
	}
	return found, in.Err()
}

// comparison is one line of the table.
type comparison struct {
	what   string
	value  figure
	limit  figure // empty: nothing in the run to compare with
	target string // of the ratio, as in docs/performance.md; empty: none
}

// comparisons lists the lines, in order.
func comparisons() []comparison {
	var list []comparison
	for _, c := range []struct{ callers, stub, insert, p50 string }{{"1", "", "", "<= 1.3"}, {"8", "", ">= 1.0", ""}, {"64", ">= 0.85", ">= 1.0", ""}} {
		of := func(leg, unit string) figure { return figure("Append/c=" + c.callers + " " + leg + "-" + unit) }
		large := func(leg string) figure { return figure("Large/append/c=" + c.callers + " " + leg + "-appends/s") }
		what := "append, c=" + c.callers
		list = append(
			list,
			comparison{what + ", to raw group commit", of("client", "appends/s"), of("raw", "appends/s"), ""},
			comparison{what + ", to a server that stores nothing", of("client", "appends/s"), of("stub", "appends/s"), c.stub},
			comparison{what + ", to one INSERT each", of("client", "appends/s"), of("insert", "appends/s"), c.insert},
			comparison{what + ", p50, to that of one INSERT", of("client", "p50-µs"), of("insert", "p50-µs"), c.p50},
			comparison{what + ", p99, to that of one INSERT", of("client", "p99-µs"), of("insert", "p99-µs"), ""},
			comparison{what + ", in a large log, to a new one", large("large"), large("small"), ">= 0.9"},
		)
	}
	return append(
		list,
		comparison{"append, c=8, a sync 1 ms slower, to one INSERT each", "SlowDisk client-appends/s", "SlowDisk insert-appends/s", ">= 1.5"},
		comparison{"bytes on disk an event of 580, and to these", "Large/open B/event", "Large/open of-content", "<= 1.25"},
		comparison{"reopening a large log", "Large/open ns/op", "", "300 ms"},
		comparison{"memory with a large log open, benchmark and all", "Large/open MB-resident", "", "300 MB"},
		comparison{"read of a 12-event stream in a large log", "Large/stream ns/op", "", ""},
		comparison{"read of $all by the bare client", "Large/all events/s", "", ""},
		comparison{"read of $all by the bare client, data and metadata", "Large/all MB/s", "", ""},
		comparison{"read of $all with decoding", "ReadAll events/s", "", ""},
		comparison{"import", "Import events/s", "", ""},
		comparison{"ReceiveFeedback, many callers", "ReceiveFeedback commands/s", "Append/c=64 client-appends/s", ""},
		comparison{"whole commands over HTTP, c=64", "Command/c=64 commands/s", "Command/c=64 of-appends", ">= 0.5"},
		comparison{"a whole command over HTTP, c=1, p50", "Command/c=1 p50-µs", "", "450 µs"},
		comparison{"rebuild, to COPY of the same rows", "Rebuild events/s", "Rebuild of-copy", ""},
		comparison{"rebuild, to reading the log", "Rebuild events/s", "Rebuild reads/s", ">= 0.6"},
		comparison{"freshness, one caller, p50", "Freshness p50-µs", "", "2 ms"},
		comparison{"freshness at 500 commands a second, p50", "FreshnessUnderLoad p50-µs", "", "2 ms"},
		comparison{"freshness at 500 commands a second, p99", "FreshnessUnderLoad p99-µs", "", "10 ms"},
		comparison{"replay of a case, to a stream read", "Replay ns/op", "Replay of-reading", "<= 1.2"},
		comparison{"report over 50,000 cases", "Report ns/op", "", ""},
		comparison{"ten notifiers, to bare JetStream", "FanoutToTenNotifiers deliveries/s", "BareJetStream deliveries/s", ">= 0.5"},
		comparison{"append to a notifier's Send", "AppendToHandler ns/op", "", "5 ms"},
		comparison{"decide and fold one command on a 30-event case", "DecideAndFold/SendResponse ns/op", "", "50 µs"},
		comparison{"due dates of 100,000 open cases anew", "Redate ns/op", "", "2 s"},
	)
}

// write prints the table. A line whose figures are not in the run is left out.
func write(to io.Writer, found figures) error {
	fmt.Fprintf(to, "\n%s/%s, %d cores, %s\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WHAT\tMEDIAN\tLIMIT\tRATIO\tTARGET")
	for _, c := range comparisons() {
		values, ok := found[c.value]
		if !ok {
			continue
		}
		limit, ratio := "", ""
		if limits, ok := found[c.limit]; ok {
			limit, ratio = show(median(limits), c.limit), fmt.Sprintf("%.2f", median(ratios(values, limits)))
			if strings.Contains(string(c.limit), " of-") { // a ratio itself
				limit, ratio = "", fmt.Sprintf("%.2f", median(limits))
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", c.what, show(median(values), c.value), limit, ratio, c.target)
	}
	return table.Flush()
}

// show prints a value with its unit.
func show(value float64, f figure) string {
	_, unit, _ := strings.Cut(string(f), " ")
	switch {
	case unit == "ns/op" && value >= 1e6:
		return fmt.Sprintf("%.1f ms", value/1e6)
	case unit == "ns/op":
		return fmt.Sprintf("%.0f µs", value/1e3)
	case strings.HasSuffix(unit, "-µs") && value >= 1e3:
		return fmt.Sprintf("%.1f ms", value/1e3)
	case strings.HasSuffix(unit, "-µs"):
		return fmt.Sprintf("%.0f µs", value)
	}
	return fmt.Sprintf("%.0f %s", value, unit)
}

// ratios returns the ratio of each round: of two rounds, one may have been twice as fast as the other.
func ratios(values, limits []float64) []float64 {
	list := make([]float64, min(len(values), len(limits)))
	for i := range list {
		list[i] = values[i] / limits[i]
	}
	return list
}

// median returns the middle of the values, the upper one of two.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
