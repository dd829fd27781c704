//go:build acceptance

package acceptance

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestInAContainer does what the guide says in Docker, in a copy of the repository with a
// folder `pipelines` in it; then it holds image and container to what the guide claims.
func TestInAContainer(t *testing.T) {
	needs(t, "docker")
	c := &container{checkout(t)}
	c.free()
	configure(t, filepath.Join(c.dir, "pipelines"))
	for _, line := range lines(t, "docs/OPERATIONS.md", "In a container") {
		if strings.HasPrefix(line, "docker exec") {
			c.serves()
		}
		c.run(line)
	}
	c.described()
	c.folds()
	c.owned()
	c.alone()
	c.goesOn()
}

// container is the shell that docker is asked in.
type container struct{ *shell }

// free sees to it that what the guide names is nobody's, and goes away in the end.
func (c *container) free() {
	c.t.Helper()
	there := c.run("docker ps -aq --filter name='^/?refold$' && docker volume ls -q --filter name='^refold-data$' && docker images -q refold")
	if there != "" {
		c.t.Fatal("Docker has a container or an image called refold, or a volume refold-data: this would take their places")
	}
	c.t.Cleanup(func() {
		for _, line := range []string{"docker rm -f -v refold", "docker volume rm -f refold-data", "docker rmi -f refold"} {
			if out, err := c.try(line); err != nil {
				c.t.Logf("$ %s\n%s%v", line, out, err)
			}
		}
	})
}

// serves waits until the engine does. A command before that would open the data directory
// itself.
func (c *container) serves() {
	c.t.Helper()
	c.eventually("docker logs --since $(docker inspect -f '{{.State.StartedAt}}' refold) refold 2>&1", `"the engine runs"`)
}

// described: the image says what it was built of, is a client as well, and has no shell.
func (c *container) described() {
	c.t.Helper()
	head := strings.TrimSpace(c.run("git rev-parse HEAD"))
	c.prints("docker run --rm refold version", `^refold v1\.2\.3 \(go(?s:.*)`+head[:12])
	c.refused("docker run --rm refold status --server http://127.0.0.1:1", "connection refused")
	c.refused("docker exec refold sh -c true", "not found")
	c.prints("docker inspect -f '{{.Config.User}}' refold", "^65532:65532\n$")
}

// folds: events come in and are folded, and the image's own check finds the engine well.
func (c *container) folds() {
	c.t.Helper()
	c.prints("docker exec refold refold event import /etc/refold/sample.jsonl", "^440 events stored")
	c.whole()
	c.eventually("docker inspect -f '{{.State.Health.Status}}' refold", "^healthy\n$")
}

func (c *container) whole() {
	c.t.Helper()
	c.eventually("docker exec refold refold status --json", whole)
}

// owned: the data directory is the user's alone.
func (c *container) owned() {
	c.t.Helper()
	c.prints("docker cp refold:/data - | tar --numeric-owner -tvf - | head -n 1", "^drwx------ 65532/65532 .* data/\n$")
}

// alone: a volume belongs to one container at a time.
func (c *container) alone() {
	c.t.Helper()
	c.refused(`docker run --rm -v refold-data:/data -v "$PWD/pipelines":/etc/refold:ro refold`, "an engine, process 1, uses the data directory /data")
	c.refused("docker run --rm -v refold-data:/data refold status", "ask it there, as with docker exec")
	c.whole()
}

// goesOn: stopped in good order or killed, it goes on where it was.
func (c *container) goesOn() {
	c.t.Helper()
	for line, code := range map[string]string{"docker stop refold": "0", "docker kill refold": "137"} {
		c.run(line)
		c.prints("docker inspect -f '{{.State.ExitCode}}' refold", "^"+code+"\n$")
		c.run("docker start refold")
		c.serves()
		c.whole()
	}
}
