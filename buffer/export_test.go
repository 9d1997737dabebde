package buffer

import "github.com/renthub/sluice/internal/fsx"

// OpenReaderOn and VerifyOn are OpenReader and Verify on a simulated disk.
func OpenReaderOn(fsys fsx.FS, dir string) (*Reader, error) { return openReader(fsys, dir) }

func VerifyOn(fsys fsx.FS, dir string) (Report, error) { return verify(fsys, dir) }
