//go:build integration

package network

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/elastic/go-lumber/log"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/pipeline"
)

func TestMain(m *testing.M) {
	log.Logger = quiet{}
	os.Exit(rig.Main(m))
}

// quiet keeps the Lumberjack server's own log out of the tests' output.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}
func (quiet) Print(...any)          {}

// long says whether the long forms run: LONG=1.
func long() bool { return os.Getenv("LONG") != "" }

// agentSays is a condition's text for rig.Eventually with the agent's words.
func agentSays(what string, a *rig.Agent) func() string {
	return func() string { return what + "; the agent says: " + a.Log() }
}

// status is what `sluice status` says of each output, or nil while the agent
// does not answer yet.
func status(t testing.TB, admin string) map[string]pipeline.OutputStatus {
	t.Helper()
	text, err := exec.Command(rig.Binary(t), "status", "-o", "json", "--admin", admin).Output()
	if err != nil {
		return nil
	}
	var s pipeline.Status
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatalf("read the status: %v", err)
	}
	byName := map[string]pipeline.OutputStatus{}
	for _, o := range s.Outputs {
		byName[o.Name] = o
	}
	return byName
}

// quietAWS sets credentials, and hides those of the machine.
func quietAWS(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for k, v := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1",
		"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(k, v)
	}
}
