//go:build unix

package file

import (
	"errors"
	"fmt"
	"os"
)

// syncFolder makes the entries of a folder durable: files that were made in it.
func syncFolder(root *os.Root, name string) error {
	d, err := root.Open(name)
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync folder %s: %w", name, err)
	}
	return nil
}
