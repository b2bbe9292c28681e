//go:build !linux && !sabotage_nofsync

package node

import "os"

// syncData makes the contents and the length of f durable.
func syncData(f *os.File) error { return f.Sync() }
