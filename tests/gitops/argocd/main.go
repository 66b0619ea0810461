// Argo CD's application controller and its repository server, and a Redis in memory for both: the first argument says which.
package main

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/spf13/cobra"
)

func redis() *cobra.Command {
	var address string
	command := &cobra.Command{RunE: func(*cobra.Command, []string) error {
		server := miniredis.NewMiniRedis()
		if err := server.StartAddr(address); err != nil {
			return fmt.Errorf("cannot listen on %s: %w", address, err)
		}
		// Its own clock stands still.
		for range time.Tick(time.Second) {
			server.FastForward(time.Second)
		}
		return nil
	}}
	command.Flags().StringVar(&address, "address", "127.0.0.1:6379", "host and port to listen on")
	return command
}

func main() {
	parts := map[string]func() *cobra.Command{
		"controller":  controller.NewCommand,
		"repo-server": reposerver.NewCommand,
		"redis":       redis,
	}
	if len(os.Args) < 2 || parts[os.Args[1]] == nil {
		log.Fatal("the first argument must be controller, repo-server or redis")
	}
	command := parts[os.Args[1]]()
	command.SetArgs(os.Args[2:])
	if command.Execute() != nil {
		os.Exit(1)
	}
}
