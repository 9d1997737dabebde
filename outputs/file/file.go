// Package file is the archive: documents in files of their own, kept for as
// long as their retention class says, readable with zcat.
//
// # Files
//
// There is a file for each class and day, <path>/<class>/<YYYY-MM-DD>.ndjson.gz.
// The path may hold fields, behind a folder that is the same for all:
//
//	output "file" "archive" {
//	  path          = "/var/archive/${service.name}"
//	  max_file_size = "1GiB"
//	}
//
// makes /var/archive/bookings/audit/2026-11-24.ndjson.gz. A value can bring
// letters, digits and "-", "_", "." into a path, any other byte becomes "_",
// and a missing one is "default". ${retention.class} can stand as a folder of
// its own; where it does not, the class's folder comes last. Beyond
// max_folders different ones the documents go to folders named "other".
// With max_file_size a day's file is followed by <YYYY-MM-DD>.1.ndjson.gz and
// so on.
//
// # What can be lost or repeated
//
// A file is a row of gzip members, which together are one gzip file; each
// member is what one request brought for that file. A member is written with
// one write and synced before the request is answered, so that a crash can only
// tear the last one, and what is torn is cut off before the file is written
// again. The header of a member carries its length, so that this takes no
// reading of the whole file (see frame.go). What was written since the agent
// last saved how far it had come, in the last second, stands there twice if it
// is killed: the archive knows no ids.
// With sync = false a power cut loses what the system had not yet written.
//
// # Deletion
//
// A file is deleted when the last event of its day, and its last writing, are
// older than its class is kept. Classes that the config does not have, and
// files of an earlier path, are left alone.
package file

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/internal/fsx"
	"github.com/renthub/sluice/outputs"
)

// Type is the output "file".
var Type = outputs.Define("file", defaults(), open)

// Config is the block `output "file" "name"`.
type Config struct {
	// Path is the folder of the archive, ".sluice/archive" if not set. It may
	// hold ${service.name} and other fields.
	Path *expr.Template `hcl:"path,optional"`
	// MaxFolders is how many folders can be named by fields, from one start
	// to the next.
	MaxFolders int `hcl:"max_folders,optional"`
	// MaxOpenFiles is how many files are held open. Where more are in use,
	// the one that was written to the longest ago is closed.
	MaxOpenFiles int `hcl:"max_open_files,optional"`
	// MaxFileSize is where the next file of a day begins; none if not set.
	MaxFileSize config.Size `hcl:"max_file_size,optional"`
	// Sync makes documents durable before they count as delivered.
	Sync bool `hcl:"sync,optional"`
}

func defaults() Config {
	return Config{Path: expr.Literal(".sluice/archive"), MaxFolders: 1000, MaxOpenFiles: 64, Sync: true}
}

// Writes implements outputs.Writer.
func (c Config) Writes() []string { return []string{c.Folder()} }

// Validate implements config.Validator.
func (c Config) Validate() []config.Problem {
	var list []config.Problem
	bad := func(attr, summary, detail string) {
		list = append(list, config.Problem{Attr: attr, Summary: summary, Detail: detail})
	}
	if text, ok := c.Path.Constant(); ok && text == "" {
		bad("path", "The archive has no folder", `Give path a folder, such as ".sluice/archive".`)
	} else if c.Path.Known() {
		if _, err := newForm(c.Path); err != nil {
			bad("path", "Wrong value for path", err.Error()+".")
		}
	}
	if c.MaxFolders < 1 || c.MaxFolders > 100_000 {
		bad("max_folders", "Wrong value for max_folders", "It must be 1 to 100000.")
	}
	if c.MaxOpenFiles < 1 || c.MaxOpenFiles > 10_000 {
		bad("max_open_files", "Wrong value for max_open_files", "It must be 1 to 10000.")
	}
	if c.MaxFileSize < 0 || c.MaxFileSize > 0 && c.MaxFileSize < 64<<10 {
		bad("max_file_size", "Wrong value for max_file_size", "It must be 64KiB or more.")
	}
	return list
}

func open(c Config, d outputs.Deps) (outputs.Output, error) {
	for _, p := range c.Validate() {
		return nil, fmt.Errorf("%s: %s. %s", p.Attr, p.Summary, p.Detail)
	}
	f, err := newForm(c.Path)
	if err != nil {
		return nil, err
	}
	if err := fsx.MkdirAll(fsx.OS{}, f.root, 0o700); err != nil {
		return nil, fmt.Errorf("make the archive's folder: %w", err)
	}
	root, err := os.OpenRoot(f.root)
	if err != nil {
		return nil, fmt.Errorf("open the archive's folder: %w", err)
	}
	a := newArchive(root, f, c, d)
	a.claim.path = filepath.Join(f.root, lockName)
	return a, nil
}
