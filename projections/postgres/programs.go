package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestMajor is the first version whose SQL the whole system is written for.
const oldestMajor = 15

// places are where programs may lie: patterns of folders, and whether the PATH counts.
type places struct {
	patterns []string
	path     bool
}

// usualPlaces are those of Debian, Red Hat, Homebrew and Postgres.app. Debian keeps
// the programs off the PATH.
var usualPlaces = places{
	patterns: []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	},
	path: true,
}

// findPrograms returns the folder of initdb and postgres. Where a data folder exists
// its major version is the only one that will do; where major is 0 it is the highest
// from oldestMajor up. A bin that was named is used or refused, never passed over.
func findPrograms(bin string, major int, where places) (string, error) {
	if bin != "" {
		v, err := majorOf(bin)
		switch {
		case err != nil:
			return "", fmt.Errorf("REDRESS_PG_BIN=%s is not a folder with the PostgreSQL programs initdb and postgres: %w", bin, err)
		case major != 0 && v != major:
			return "", fmt.Errorf("REDRESS_PG_BIN=%s is PostgreSQL %d, but %s", bin, v, madeBy(major))
		case v < oldestMajor:
			return "", fmt.Errorf("REDRESS_PG_BIN=%s is PostgreSQL %d; the oldest that will do is %d", bin, v, oldestMajor)
		}
		return bin, nil
	}
	found := where.search()
	if major != 0 {
		if folder, ok := found[major]; ok {
			return folder, nil
		}
		return "", fmt.Errorf("%s (found here: %s)", madeBy(major), list(found))
	}
	best := 0
	for v := range found {
		best = max(best, v)
	}
	if best < oldestMajor {
		return "", fmt.Errorf("no PostgreSQL from version %d up was found (found here: %s): "+
			"install one (on Debian and Ubuntu: apt install postgresql), name the folder of its programs in REDRESS_PG_BIN, "+
			"or use a server that already runs with REDRESS_POSTGRES_URL", oldestMajor, list(found))
	}
	return found[best], nil
}

func madeBy(major int) string {
	return fmt.Sprintf("the data folder was made by PostgreSQL %d and only that version may start it: "+
		"install it (on Debian and Ubuntu: apt install postgresql-%d), name the folder of its programs in REDRESS_PG_BIN, "+
		"or carry the data over with pg_upgrade; the folder has been left as it is", major, major)
}

func list(found map[int]string) string {
	if len(found) == 0 {
		return "none"
	}
	var names []string
	for v, folder := range found {
		names = append(names, fmt.Sprintf("%d in %s", v, folder))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// search asks every program it finds for its version; the first folder of a version wins.
func (p places) search() map[int]string {
	var folders []string
	for _, pattern := range p.patterns {
		matches, _ := filepath.Glob(pattern) // the only error is a bad pattern, and ours are fixed
		folders = append(folders, matches...)
	}
	if p.path {
		if program, err := exec.LookPath("postgres"); err == nil {
			if program, err = filepath.EvalSymlinks(program); err == nil {
				folders = append(folders, filepath.Dir(program))
			}
		}
	}
	found := map[int]string{}
	for _, folder := range folders {
		v, err := majorOf(folder)
		if _, taken := found[v]; err == nil && !taken {
			found[v] = folder
		}
	}
	return found
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// majorOf is the major version of the programs in a folder, by their own word.
func majorOf(folder string) (int, error) {
	if _, err := os.Stat(filepath.Join(folder, "initdb")); err != nil {
		return 0, err
	}
	out, err := exec.Command(filepath.Join(folder, "postgres"), "--version").Output()
	if err != nil {
		return 0, err
	}
	match := versionLine.FindSubmatch(out)
	if match == nil {
		return 0, fmt.Errorf("%s/postgres does not say its version", folder)
	}
	return strconv.Atoi(string(match[1]))
}
