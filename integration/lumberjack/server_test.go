//go:build integration

package lumberjack

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/elastic/go-lumber/log"
	server "github.com/elastic/go-lumber/server/v2"

	"github.com/renthub/sluice/integration/rig"
)

// serveVariable makes of this test's binary a server: it names the file for
// what is received. addressVariable is where it listens.
const (
	serveVariable   = "SLUICE_TEST_LUMBERJACK_FILE"
	addressVariable = "SLUICE_TEST_LUMBERJACK_ADDRESS"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(serveVariable); file != "" {
		fmt.Fprintln(os.Stderr, serve(os.Getenv(addressVariable), file))
		os.Exit(1)
	}
	os.Exit(rig.Main(m))
}

// serve writes each window to a file, a document on a line, and then
// acknowledges it.
func serve(address, file string) error {
	log.Logger = quiet{}
	out, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	s, err := server.NewWithListener(l, server.JSONDecoder(func(b []byte, into any) error {
		*into.(*any) = string(b)
		return nil
	}))
	if err != nil {
		return err
	}
	for batch := range s.ReceiveChan() {
		var lines bytes.Buffer
		for _, doc := range batch.Events {
			fmt.Fprintln(&lines, doc)
		}
		if _, err := out.Write(lines.Bytes()); err != nil {
			return err
		}
		rig.Pause(rand.N(20 * time.Millisecond)) // so that kills come between the two
		batch.ACK()
	}
	return nil
}

// quiet keeps the server's own log out of the tests' output.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}
func (quiet) Print(...any)          {}

// logstash is a server in a process of its own.
type logstash struct {
	address, dir string
	runs         int
	cmd          *exec.Cmd
}

func newLogstash(t *testing.T) *logstash {
	t.Helper()
	s := &logstash{address: rig.FreeAddress(t), dir: t.TempDir()}
	t.Cleanup(s.kill)
	s.start(t)
	return s
}

// start begins a new run, which writes to a file of its own: a killed one may
// have torn its last line.
func (s *logstash) start(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s.runs++
	s.cmd = exec.Command(self)
	s.cmd.Env = append(os.Environ(), serveVariable+"="+s.file(s.runs), addressVariable+"="+s.address)
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// kill ends the process as a power cut does.
func (s *logstash) kill() {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		s.cmd = nil
	}
}

func (s *logstash) file(run int) string {
	return filepath.Join(s.dir, fmt.Sprintf("received-%03d", run))
}

// size is how many bytes were received.
func (s *logstash) size() (n int64) {
	for run := 1; run <= s.runs; run++ {
		if info, err := os.Stat(s.file(run)); err == nil {
			n += info.Size()
		}
	}
	return n
}

// received calls f with each document. What was torn at a kill was never
// acknowledged.
func (s *logstash) received(t *testing.T, f func(doc []byte)) {
	t.Helper()
	for run := 1; run <= s.runs; run++ {
		file, err := os.Open(s.file(run))
		if os.IsNotExist(err) {
			continue // killed before it began
		}
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for r := bufio.NewReaderSize(file, 1<<20); ; {
			line, err := r.ReadBytes('\n')
			if err != nil {
				break
			}
			f(line[:len(line)-1])
		}
	}
}
