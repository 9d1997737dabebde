package file

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/renthub/sluice/internal/fsx"
)

const lockName = "LOCK"

// claim is the right to write to an archive, which one output of one process
// has: what another writes between would look torn. It is taken with the first
// request, since at a reload the new output is opened before the old one ends.
type claim struct {
	path string    // of the lock; "" needs none
	lock io.Closer // nil until it is taken
}

func (c *claim) take() error {
	if c.path == "" || c.lock != nil {
		return nil
	}
	lock, err := fsx.OS{}.Lock(c.path, strconv.Itoa(os.Getpid()))
	if locked := (*fsx.LockedError)(nil); errors.As(err, &locked) {
		return fmt.Errorf("write archive: another output has the folder, of the process with pid %s", locked.Owner)
	}
	if err != nil {
		return fmt.Errorf("lock archive: %w", err)
	}
	c.lock = lock
	return nil
}

func (c *claim) release() error {
	if c.lock == nil {
		return nil
	}
	err := c.lock.Close()
	c.lock = nil
	return err
}
