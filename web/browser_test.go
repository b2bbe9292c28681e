package web

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser opens a real Chromium for one test and closes it afterwards. Where there is none the test fails and names the
// package: it never skips.
func browser(t *testing.T) context.Context {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("the pages are tested in Chromium: install the package chromium (apt-get install chromium)")
	}
	dir, err := os.MkdirTemp("", "redress-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(dir), chromedp.NoSandbox, chromedp.WindowSize(1280, 900))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(ctx)
	ctx, timeout := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(func() {
		timeout()
		_ = chromedp.Cancel(ctx) // waits until the browser has gone
		cancel()
		stop()
		if err := os.RemoveAll(dir); err != nil {
			t.Log(err)
		}
	})
	return ctx
}

// shoot keeps a picture of the page where REDRESS_SCREENSHOTS names a folder.
func shoot(name string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		dir := os.Getenv("REDRESS_SCREENSHOTS")
		if dir == "" {
			return nil
		}
		picture, err := cdp.CaptureScreenshot().WithFormat(cdp.CaptureScreenshotFormatPng).WithCaptureBeyondViewport(true).Do(ctx)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600)
	})
}

// accessible fails the test where axe finds anything against WCAG 2.2 A or AA, or against its best practices.
func accessible(t *testing.T, name string) chromedp.Action {
	t.Helper()
	script, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	return chromedp.ActionFunc(func(ctx context.Context) error {
		var loaded any
		if err := chromedp.Evaluate(string(script)+";true", &loaded).Do(ctx); err != nil {
			return err
		}
		var found []string
		await := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
		err := chromedp.Evaluate(`axe.run(document).then(r => r.violations.map(v =>
			v.id + ": " + v.help + " at " + v.nodes.map(n => n.html).join(" | ")))`, &found, await).Do(ctx)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			t.Errorf("%s:\n%s", name, strings.Join(found, "\n"))
		}
		return nil
	})
}
