package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The limits of the house: a file is read in one sitting, a function in one look, an exported name says what it means.
const (
	maxFileLines     = 600
	maxFunctionLines = 100
)

func TestLimits(t *testing.T) {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := exec.Command("git", "-C", strings.TrimSpace(string(root)), "ls-files", "*.go").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(files)) {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, filepath.Join(strings.TrimSpace(string(root)), name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if lines := set.Position(file.End()).Line; lines > maxFileLines {
			t.Errorf("%s has %d lines, more than %d: split it by noun", name, lines, maxFileLines)
		}
		for _, declaration := range file.Decls {
			checkDeclaration(t, set, name, declaration)
		}
	}
}

func checkDeclaration(t *testing.T, set *token.FileSet, name string, declaration ast.Decl) {
	test := strings.HasSuffix(name, "_test.go")
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if lines := set.Position(d.End()).Line - set.Position(d.Pos()).Line; lines > maxFunctionLines && !test {
			t.Errorf("%s: %s has %d lines, more than %d", name, d.Name.Name, lines, maxFunctionLines)
		}
		if d.Name.IsExported() && d.Doc == nil && !test && exportedReceiver(d) {
			t.Errorf("%s: %s is exported and says nothing of itself", name, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() && d.Doc == nil && s.Doc == nil && !test {
				t.Errorf("%s: %s is exported and says nothing of itself", name, s.Name.Name)
			}
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	receiver := d.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if generic, ok := receiver.(*ast.IndexExpr); ok {
		receiver = generic.X
	}
	ident, ok := receiver.(*ast.Ident)
	return ok && ident.IsExported()
}
