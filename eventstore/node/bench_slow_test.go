package node

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// slowness is what BenchmarkSlowDisk adds to every sync.
const slowness = time.Millisecond

// slowDisk is the disk, but for its syncs.
type slowDisk struct{ disk }

func (s slowDisk) Open(name string) (file, error)   { return slowly(s.disk.Open(name)) }
func (s slowDisk) Create(name string) (file, error) { return slowly(s.disk.Create(name)) }

func slowly(f file, err error) (file, error) { return slowFile{f}, err }

type slowFile struct{ file }

func (f slowFile) Sync() error {
	err := f.file.Sync()
	pause := syscall.NsecToTimespec(slowness.Nanoseconds())
	syscall.Nanosleep(&pause, nil)
	return err
}

// slowFdatasync is what PostgreSQL gets instead of fdatasync.
const slowFdatasync = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int fdatasync(int fd) {
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	int result = real(fd);
	struct timespec pause = {0, 1000000};
	nanosleep(&pause, 0);
	return result;
}
`

// BenchmarkSlowDisk appends from 8 callers where every sync takes a millisecond longer: through the client, and into
// PostgreSQL, which needs a C compiler for it.
func BenchmarkSlowDisk(b *testing.B) {
	const callers = 8
	n, err := start(b.Context(), slowDisk{}, b.TempDir(), Options{Socket: filepath.Join(socketFolder(b), "node")}, segmentLimit)
	if err != nil {
		b.Fatal(err)
	}
	defer n.Stop()
	legs := []leg{{"client", appending(dial(b, n))}}
	if compiler, err := exec.LookPath("cc"); err == nil {
		legs = append(legs, leg{"insert", inserting(tableOfEvents(b, slowPrograms(b, compiler)))})
	} else {
		b.Log("no C compiler: PostgreSQL with a slow disk is not measured")
	}
	inTurns(b, callers, legs...)
}

// slowPrograms makes a folder with PostgreSQL's programs, of which postgres has slow syncs.
func slowPrograms(b *testing.B, compiler string) string {
	var backend int
	if err := tableOfEvents(b, "").QueryRow(b.Context(), "select pg_backend_pid()").Scan(&backend); err != nil {
		b.Fatal(err)
	}
	postgres, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", backend))
	if err != nil {
		b.Skip("the system does not say where PostgreSQL is: ", err)
	}
	folder := socketFolder(b)
	if err := os.Chmod(folder, 0o755); err != nil { // PostgreSQL runs as somebody else where we are root
		b.Fatal(err)
	}
	source, library := filepath.Join(folder, "slow.c"), filepath.Join(folder, "slow.so")
	script := "#!/bin/sh\nLD_PRELOAD=" + library + " exec " + postgres + " \"$@\"\n"
	for name, contents := range map[string]string{source: slowFdatasync, filepath.Join(folder, "postgres"): script} {
		if err := os.WriteFile(name, []byte(contents), 0o755); err != nil {
			b.Fatal(err)
		}
	}
	if out, err := exec.Command(compiler, "-shared", "-fPIC", "-o", library, source, "-ldl").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	if err := os.Symlink(filepath.Join(filepath.Dir(postgres), "initdb"), filepath.Join(folder, "initdb")); err != nil {
		b.Fatal(err)
	}
	return folder
}
