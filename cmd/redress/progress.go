package main

import (
	"bytes"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress returns a function to call with (done, total) while long work goes on, and one that ends it. On a terminal a
// bar appears on stderr once the work has taken two seconds; elsewhere nothing is shown.
func progress(label string) (report func(done, total int64), end func()) {
	stderr, err := os.Stderr.Stat()
	if err != nil || stderr.Mode()&os.ModeCharDevice == 0 {
		return func(int64, int64) {}, func() {}
	}
	begun := time.Now()
	var bar *progressbar.ProgressBar
	report = func(done, total int64) {
		if bar == nil {
			if time.Since(begun) < 2*time.Second {
				return
			}
			bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(os.Stderr),
				progressbar.OptionSetDescription(label), progressbar.OptionShowCount(),
				progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		}
		bar.ChangeMax64(total)
		_ = bar.Set64(done)
	}
	return report, func() {
		if bar != nil {
			_ = bar.Finish()
		}
	}
}

// writeAll writes one document and one line end.
func writeAll(out io.Writer, text []byte) error {
	_, err := out.Write(append(bytes.TrimRight(text, "\n"), '\n'))
	return err
}
