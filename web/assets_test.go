package web

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// TestAssetsFresh compares what was made from npm packages, and what it was made from, with the list that `make assets`
// writes: neither may change without the other.
func TestAssetsFresh(t *testing.T) {
	list, err := os.ReadFile("assets/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		body, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
			continue
		}
		sum := sha256.Sum256(body)
		if hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is not what `make -C web/assets` made: run it again", name)
		}
	}
}

// TestAssetsAreOurs looks for what may not be there: GOV.UK's typeface, its crown, anything from another host.
func TestAssetsAreOurs(t *testing.T) {
	css, err := staticFiles.ReadFile("static/app.css")
	if err != nil {
		t.Fatal(err)
	}
	// The print styles name the schemes in order to show where links lead.
	links := strings.NewReplacer(`href^="http://"`, "", `href^="https://"`, "")
	for _, word := range []string{"GDS Transport", "crown", "crest", "url(", "//", "@import"} {
		if strings.Contains(links.Replace(string(css)), word) {
			t.Errorf("app.css holds %q", word)
		}
	}
	lock, err := os.ReadFile("assets/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lock), `"resolved"`) {
		t.Error("package-lock.json names download hosts")
	}
}
