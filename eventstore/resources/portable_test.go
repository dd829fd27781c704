package resources_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// portable are the cases that any implementation of the compute-resource domain
// has to pass, by their numbers. Those of single values and of the lifecycle's
// tables are where the package's own tests are; the name of the test is enough
// here, and that it is there is checked.
var portable = map[int]struct {
	name string
	run  func(t *testing.T)
	at   string // file:test, for a case that is tested elsewhere
}{
	1:  {name: "registration", run: caseRegister},
	2:  {name: "a second registration is refused", run: caseRegisterTwice},
	3:  {name: "an assignment before the registration is refused", run: caseAssignFirst},
	4:  {name: "a policy is listed once", run: casePolicyTwice},
	5:  {name: "an unknown policy cannot be removed", run: caseUnknownPolicy},
	6:  {name: "active does not lead to provisioning", run: caseBackToProvisioning},
	7:  {name: "the fold is the stepwise state", run: caseRefold},
	8:  {name: "the fold of nothing", run: caseFoldNothing},
	9:  {name: "metadata keep their places", run: caseMetadata},
	10: {name: "hardware details are replaced as a whole", run: caseHardware},
	11: {name: "all 16 pairs of statuses", at: "domain/compute/lifecycle_test.go:TestStatusMatrix"},
	12: {name: "all 24 cells of the lifecycle", at: "domain/compute/lifecycle_test.go:TestAll24LifecycleCells"},
	13: {name: "a refused input leaves no record", at: "domain/compute/lifecycle_test.go:TestLifecycleHistory"},
	14: {name: "readiness for production", at: "domain/compute/validate_test.go:TestValidateProductionReadiness"},
	15: {name: "the JSON of a registration", run: caseJSON},
	16: {name: "round trips of all 12 events", at: "domain/compute/golden_test.go:TestGoldenFilesAreRead"},
	17: {name: "from version 1 to 3", run: func(t *testing.T) { caseUpcast(t, 1, `{"hostname":"a.b"}`, `{"tags":[],"fqdn":"a.b"}`) }},
	18: {name: "from version 2 to the latest", run: func(t *testing.T) {
		caseUpcast(t, 2, `{"hostname":"a.b","tags":["production"]}`, `{"tags":["production"],"fqdn":"a.b"}`)
	}},
	19: {name: "a missing field", run: caseMissingField},
	20: {name: "no way back", run: caseDowngrade},
	21: {name: "expected versions", run: caseExpected},
	22: {name: "batches", run: caseBatches},
	23: {name: "reading from a version", run: caseReadFrom},
	24: {name: "correlations, and aggregates apart", run: caseApart},
	25: {name: "empty batches and unknown aggregates", run: caseEmpty},
	26: {name: "hostnames", run: caseHostnames},
	27: {name: "MAC addresses", run: caseMAC},
	28: {name: "VLANs and MTUs", run: caseVLANAndMTU},
	29: {name: "scan and merge", at: "domain/signal/discrete_test.go:TestScanAndMergeByHand"},
	30: {name: "executors that filter and collect", at: "plugins/filter/executor_test.go:TestFilterAndCollect"},
}

func TestPortableCases(t *testing.T) {
	for n := 1; n <= 30; n++ {
		c := portable[n]
		t.Run(fmt.Sprintf("%d %s", n, c.name), func(t *testing.T) {
			if c.run != nil {
				c.run(t)
				return
			}
			checkElsewhere(t, c.at)
		})
	}
	if len(portable) != 30 {
		t.Errorf("%d cases", len(portable))
	}
}

// checkElsewhere makes sure that a test is where the table says.
func checkElsewhere(t *testing.T, at string) {
	path, test, _ := strings.Cut(at, ":")
	text, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^func ` + test + `\(t \*testing\.T\)`).Match(text) {
		t.Errorf("%s has no %s", path, test)
	}
}
