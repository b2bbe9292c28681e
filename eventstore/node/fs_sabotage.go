//go:build sabotage_nofsync

package node

import "os"

// syncData does nothing. No release is built like this: the tag plants a fault that the trust harness must catch.
func syncData(*os.File) error { return nil }
