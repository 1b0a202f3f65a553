using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Rlcm.Imaging;
using Rlcm.Rewards.Remote;
using Rlcm.Tests.Golden;
using Xunit;

namespace Rlcm.Tests.Rewards.Remote;

/// <summary>The reference server, started for real.</summary>
public sealed class SampleServerTests
{
    [Fact]
    public async Task The_server_in_Python_scores_how_red_pictures_are()
    {
        var port = FreePort();
        using var server = Start("python3", Path.Combine(GoldenData.RepositoryRoot, "samples", "reward_server.py"), $"{port}");
        try
        {
            using var reward = new HttpReward(new(new Uri($"http://127.0.0.1:{port}")) { BatchSize = 2, Retries = 10 }, TimeProvider.System); // it takes a moment to start
            var scores = await reward.ScoreAsync(Pictures(), ["a", "b", "c"], TestContext.Current.CancellationToken);
            Assert.Equal([255f, -127.5f, 0f], scores);
        }
        finally
        {
            server.Kill(entireProcessTree: true);
        }
    }

    /// <summary>One red, one green and one of noise that is grey on average.</summary>
    private static ImageBatch Pictures()
    {
        byte[] Of(Func<int, byte> value) => [.. Enumerable.Range(0, 8 * 8 * 3).Select(value)];
        return new([.. Of(i => i % 3 == 0 ? (byte)255 : (byte)0), .. Of(i => i % 3 == 1 ? (byte)255 : (byte)0), .. Of(i => (byte)(i / 3 * 37))], 3, 8, 8);
    }

    private static Process Start(string program, params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        }
        catch (Win32Exception)
        {
            Assert.Skip($"there is no {program}");
            throw;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
