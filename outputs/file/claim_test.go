package file

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/renthub/sluice/outputs"
)

func TestASecondOutputMayNotWriteToAnArchiveBeforeTheFirstHasEnded(t *testing.T) {
	dir := t.TempDir()
	first, second := openAt(t, dir, deps(t)), openAt(t, dir, deps(t))
	defer second.Close()
	send(t, first, docAt(noon, "standard", 1))
	err := second.Send(t.Context(), request(docAt(noon, "standard", 2)))
	var config *outputs.Misconfigured
	if !errors.As(err, &config) || !strings.Contains(err.Error(), "pid "+strconv.Itoa(os.Getpid())) {
		t.Errorf("got %v, want a word about the process that has it", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	send(t, second, docAt(noon, "standard", 2))
}
