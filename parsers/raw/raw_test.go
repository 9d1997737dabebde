package raw

import (
	"testing"

	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/parsertest"
)

func suite() parsertest.Suite {
	return parsertest.Suite{
		New:  func(testing.TB) parsers.Parser { return parser{} },
		Good: []string{``, `x`, "two\nlines \xff", `{"a":1}`},
	}
}

func TestContract(t *testing.T) { parsertest.Run(t, suite()) }
