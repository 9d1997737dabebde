package console

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/windows"
)

type keepOpen struct{ io.Writer }

func (keepOpen) Close() error { return nil }

func standardOutput() (io.WriteCloser, error) { return keepOpen{os.Stdout}, nil }

func readerGone(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}
