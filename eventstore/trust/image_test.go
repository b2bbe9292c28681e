package trust

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redress/eventstore/trust/scale"
)

// disk is an ext4 file system in a file of its own, which lies on a file system that can copy a file in one moment
// (XFS with reflinks, in a file itself). The copy has what had been handed to the device by then, and not what the
// kernel still held in memory: what a power cut leaves.
type disk struct {
	t       *testing.T
	image   string // the file that is mounted
	mounted string // where
}

// newDisk makes the disk, empty and mounted. It ends the harness where the machine does not allow that.
func newDisk(t *testing.T, name string) *disk {
	t.Helper()
	if os.Getuid() != 0 {
		scale.Cannot(t, name, "file systems are mounted by root only")
	}
	scale.Needs(t, name, "mkfs.xfs", "mkfs.ext4", "e2fsck", "mount", "umount", "cp")
	dir := folder(t)
	outer, outerImage := filepath.Join(dir, "outer"), filepath.Join(dir, "outer.img")
	d := &disk{t: t, image: filepath.Join(outer, "disk.img"), mounted: filepath.Join(dir, "disk")}
	for _, at := range []string{outer, d.mounted} {
		if err := os.Mkdir(at, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	if err := sparse(outerImage, 4<<30); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"mkfs.xfs", "-q", "-m", "reflink=1", outerImage},
		{"mount", "-o", "loop", outerImage, outer},
	} {
		if err := system(args...); err != nil {
			scale.Cannot(t, name, err.Error())
		}
	}
	t.Cleanup(func() {
		if err := system("umount", outer); err != nil {
			t.Error(err)
		}
	})
	if err := sparse(d.image, 1<<30); err != nil {
		t.Fatal(err)
	}
	if err := system("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", d.image); err != nil {
		scale.Cannot(t, name, err.Error())
	}
	if err := d.mount(); err != nil {
		scale.Cannot(t, name, err.Error())
	}
	t.Cleanup(func() {
		if err := d.unmount(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func sparse(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := f.Truncate(size); err != nil {
		return err
	}
	return f.Close()
}

func system(args ...string) error {
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func (d *disk) mount() error { return system("mount", "-o", "loop", d.image, d.mounted) }

// unmount waits for the last processes of a data base whose parent was killed: they leave by themselves.
func (d *disk) unmount() error {
	ctx, cancel := awake(context.Background(), 20*time.Second)
	defer cancel()
	for {
		err := system("umount", d.mounted)
		if err == nil || !pause(ctx, 50*time.Millisecond) {
			return err
		}
	}
}

// cut copies the disk as the power would leave it now.
func (d *disk) cut() error {
	return system("cp", "--reflink=always", d.image, d.image+".cut")
}

// restore puts the copy of the last cut in the place of the disk, repairs the file system as the machine would at its
// next start, and mounts it. Nothing uses the disk.
func (d *disk) restore() error {
	if err := d.unmount(); err != nil {
		return err
	}
	if err := os.Rename(d.image+".cut", d.image); err != nil {
		return err
	}
	// 1 says that something was repaired: the journal was replayed.
	if out, err := exec.Command("e2fsck", "-fy", d.image).CombinedOutput(); err != nil {
		if ended, ok := err.(*exec.ExitError); !ok || ended.ExitCode() > 1 {
			return fmt.Errorf("e2fsck: %w: %s", err, out)
		}
	}
	return d.mount()
}
