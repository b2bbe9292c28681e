package procedure

import (
	"io/fs"
	"testing"

	"redress/domain/procedures"
)

func TestShippedFiles(t *testing.T) {
	files, err := fs.Glob(procedures.Files, "*.yaml")
	if err != nil || len(files) != 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		source, err := procedures.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Parse(name, source)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if p.ID+".yaml" != name {
			t.Errorf("%s: id %s", name, p.ID)
		}
		if p.Source() != string(source) {
			t.Errorf("%s: another source", name)
		}
	}
}
