package pipeline

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/renthub/sluice/buffer"
)

func TestHeldDocumentsOfAnOutputThatIsGoneAreNamedAndForgotten(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "buffer")
	if err := os.Mkdir(log, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kafka.gone", "kafka.here", "kafka.standby"} {
		if err := os.MkdirAll(filepath.Join(HeldDir(log), name, "target"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p := &Plan{Buffer: buffer.Options{Dir: log}, Outputs: []OutputPlan{{
		Address: "kafka.here", Standby: &StandbyPlan{OutputPlan: OutputPlan{Address: "kafka.standby"}},
	}}}
	got, err := strayHeld(p)
	if err != nil || !slices.Equal(got, []string{"kafka.gone"}) {
		t.Errorf("got %v, %v, want kafka.gone", got, err)
	}
	for _, name := range []string{"kafka.gone", "..", ".", "../held", "../buffer", ""} { // a name never leads out
		if err := ForgetHeld(log, name); err != nil && name == "kafka.gone" {
			t.Fatal(err)
		}
	}
	if got, err := strayHeld(p); err != nil || len(got) > 0 {
		t.Errorf("after forgetting: got %v, %v", got, err)
	}
	if _, err := os.Stat(log); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(HeldDir(log))
	if err != nil || len(left) != 2 {
		t.Errorf("got %v, %v, want the two of the config", left, err)
	}
}
