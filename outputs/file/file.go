// Package file is the archive: documents in files of their own, kept for as
// long as their retention class says, readable with zcat.
//
// There is a file for each class and day, <class>/<YYYY-MM-DD>.ndjson.gz. It
// is a row of gzip members, which together are one gzip file; each member is
// what one request brought for that file. A member is written with one write
// and synced before the request is answered, so that a crash can only tear the
// last one, and what is torn is cut off before the file is written again. The
// header of a member carries its length, so that this takes no reading of the
// whole file (see frame.go).
package file

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/fsx"
	"github.com/renthub/sluice/outputs"
)

// Type is the output "file".
var Type = outputs.Define("file", Config{Path: ".sluice/archive", Sync: true}, open)

// Config is the block `output "file" "name"`.
type Config struct {
	// Path is the folder of the archive.
	Path string `hcl:"path,optional"`
	// Sync makes documents durable before they count as delivered.
	Sync bool `hcl:"sync,optional"`
}

// Writes implements outputs.Writer.
func (c Config) Writes() []string { return []string{c.Path} }

// Validate implements config.Validator.
func (c Config) Validate() []config.Problem {
	if c.Path != "" {
		return nil
	}
	return []config.Problem{{Attr: "path", Summary: "The archive has no folder", Detail: `Give path a folder, such as ".sluice/archive".`}}
}

func open(c Config, d outputs.Deps) (outputs.Output, error) {
	if c.Path == "" {
		return nil, errors.New("path is empty")
	}
	if err := fsx.MkdirAll(fsx.OS{}, c.Path, 0o700); err != nil {
		return nil, fmt.Errorf("make the archive's folder: %w", err)
	}
	root, err := os.OpenRoot(c.Path)
	if err != nil {
		return nil, fmt.Errorf("open the archive's folder: %w", err)
	}
	a := newArchive(root, c.Sync, d)
	a.claim.path = filepath.Join(c.Path, lockName)
	return a, nil
}
