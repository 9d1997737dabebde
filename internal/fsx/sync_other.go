//go:build !linux

package fsx

import "os"

// syncData is fsync; on darwin package os asks for F_FULLFSYNC.
func syncData(f *os.File) error { return f.Sync() }
