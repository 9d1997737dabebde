package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"

	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/renthub/sluice/internal/cwsim"
	"github.com/renthub/sluice/internal/essim"
	"github.com/renthub/sluice/internal/hecsim"
)

// update writes golden files and generated pages anew.
var update = flag.Bool("update", false, "write what the tests compare with")

// TestMain lets the scripts run this binary as sluice.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sluice": main})
}

func TestScripts(t *testing.T) {
	reference, err := filepath.Abs(filepath.FromSlash("../../docs/reference/metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: *update, RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"eventually": eventually, "elasticsearch": startElasticsearch, "hec": startHEC, "cloudwatch": startCloudWatch, "terminal": onTerminal, "documented": documented,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "")
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("REFERENCE", reference)
			e.Setenv("TERM", "xterm")
			return nil
		},
	})
}

// eventually runs a command until what it prints matches:
//
//	eventually PATTERN COMMAND ...
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually PATTERN COMMAND ...")
	}
	want, err := regexp.Compile("(?ms)" + args[0])
	ts.Check(err)
	var out bytes.Buffer
	try := time.NewTicker(20 * time.Millisecond)
	defer try.Stop()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-try.C {
		err = ts.Exec(args[1], args[2:]...)
		out.Reset()
		out.WriteString(ts.ReadFile("stdout") + ts.ReadFile("stderr"))
		if want.Match(out.Bytes()) {
			return
		}
	}
	ts.Fatalf("never matched %s: %v\n%s", args[0], err, out.String())
}

// startElasticsearch starts a stand-in at $ES. It refuses documents with the
// word "poison".
func startElasticsearch(ts *testscript.TestScript, _ bool, _ []string) {
	sim := essim.New(essim.Options{KeepIDs: true})
	sim.Always(&essim.Fault{Item: func(_ int, doc []byte) (int, string, string) {
		if bytes.Contains(doc, []byte("poison")) {
			return 400, "document_parsing_exception", "failed to parse field [n] \x1b[31mred"
		}
		return 0, "", ""
	}})
	server := httptest.NewServer(sim)
	ts.Defer(server.Close)
	ts.Setenv("ES", strings.TrimPrefix(server.URL, "http://"))
}

// startHEC starts a stand-in of Splunk's event collector at $HEC, whose token is
// "secret".
func startHEC(ts *testscript.TestScript, _ bool, _ []string) {
	sim := hecsim.New(hecsim.Options{Tokens: map[string]hecsim.Token{"secret": {}}})
	server := httptest.NewServer(sim)
	ts.Defer(server.Close)
	ts.Setenv("HEC", server.URL)
}

// startCloudWatch starts a stand-in of CloudWatch Logs, and sets what the SDK
// reads so that it is found.
func startCloudWatch(ts *testscript.TestScript, _ bool, _ []string) {
	server := httptest.NewServer(cwsim.New(cwsim.Options{}))
	ts.Defer(server.Close)
	ts.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", server.URL)
	ts.Setenv("AWS_ACCESS_KEY_ID", "key")
	ts.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
}

// onTerminal runs a command on a terminal, and leaves what it showed in the
// file "screen":
//
//	terminal COMMAND ...
func onTerminal(ts *testscript.TestScript, _ bool, args []string) {
	path, err := exec.LookPath(filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], args[0]))
	ts.Check(err)
	cmd := exec.Command(path, args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TERM"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	f, err := pty.Start(cmd)
	ts.Check(err)
	defer f.Close()
	screen, _ := io.ReadAll(f) // a terminal that nobody writes to any more is an error
	err = cmd.Wait()
	ts.Logf("%s", screen)
	ts.Check(os.WriteFile(ts.MkAbs("screen"), screen, 0o600))
	ts.Check(err)
}

// documented fails where a metric of the agent whose address is in the file is
// not in the reference:
//
//	documented ADMIN.JSON
func documented(ts *testscript.TestScript, _ bool, args []string) {
	var a struct{ Addr string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &a))
	resp, err := http.Get("http://" + a.Addr + "/metrics")
	ts.Check(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	ts.Check(err)
	page, err := os.ReadFile(ts.Getenv("REFERENCE"))
	ts.Check(err)
	names := regexp.MustCompile("(?m)^# TYPE (sluice_[a-z_]+) ").FindAllSubmatch(text, -1)
	if len(names) < 10 {
		ts.Fatalf("only %d metrics:\n%s", len(names), text)
	}
	for _, n := range names {
		if !bytes.Contains(page, append([]byte("| `"), n[1]...)) {
			ts.Fatalf("%s is not in the reference", n[1])
		}
	}
}

func TestANumberIsGroupedByThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

func TestTextFromOutsideCannotTakeOverATerminal(t *testing.T) {
	if got := visible("a\x1b]0;owned\x07b\x1b[31mred"); strings.ContainsAny(got, "\x1b\x07") {
		t.Errorf("got %q", got)
	}
}
