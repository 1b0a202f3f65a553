using System.CommandLine;
using Rlcm.Cli.Reporting;
using Rlcm.Models.Hub;

namespace Rlcm.Cli.Commands;

/// <summary><c>--download</c>: the only permission to use the network.</summary>
internal sealed class DownloadOption : Option<bool>
{
    public DownloadOption()
        : base("--download") => Description = "Fetch the model from the Hugging Face Hub if it is not in the cache";

    /// <summary>The folder of <paramref name="model"/>, fetched before as by <see cref="Apply"/>.</summary>
    /// <exception cref="Runtime.UserErrorException">There is no such model.</exception>
    public string Find(ParseResult arguments, string model, Terminal terminal, CancellationToken stop)
    {
        Apply(arguments, model, terminal, stop);
        return ModelLocation.Find(model);
    }

    /// <summary>
    /// Where the option was given, fetches the model that <paramref name="model"/> names on the Hub, unless it is here. Waits for it, since
    /// what comes after stays on this thread: the number of libtorch's threads is set for each.
    /// </summary>
    /// <exception cref="Runtime.UserErrorException">It cannot be fetched.</exception>
    public void Apply(ParseResult arguments, string model, Terminal terminal, CancellationToken stop)
    {
        var environment = HubEnvironment.FromProcess();
        if (!arguments.GetValue(this) || ModelLocation.ToFetch(model, environment) is not { } name)
            return;
        using var reporter = new DownloadReporter(terminal, TimeProvider.System);
        using var downloader = new HubDownloader(environment, TimeProvider.System);
        downloader.FetchAsync(name, reporter, stop).GetAwaiter().GetResult();
    }
}
