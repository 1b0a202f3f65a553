using Rlcm.Runtime;

namespace Rlcm.Models.Hub;

/// <summary>
/// Finds the model that a user names: a folder in diffusers' layout, a folder of the Hugging Face cache (<c>models--ORG--NAME</c> or a
/// snapshot in it), or a name on the Hub, <c>ORG/NAME</c> or <c>ORG/NAME@REVISION</c>, that the cache holds. Never uses the network.
/// </summary>
public static class ModelLocation
{
    /// <summary>The full path of the model's folder. A folder wins over a name on the Hub; relative ones are looked up as by <see cref="ShippedFiles"/>.</summary>
    /// <param name="model">What the user wrote.</param>
    /// <param name="environment">Where the cache is; by default as the variables of this process say.</param>
    /// <exception cref="UserErrorException">There is no such model, or a part of it has not been fetched.</exception>
    public static string Find(string model, HubEnvironment? environment = null)
    {
        if (model.Length == 0)
            throw new UserErrorException("The model is an empty text, expected a folder or a name on the Hub; check --model.");
        if (ShippedFiles.Find(model) is { } path)
            return WithoutBrokenLinks(HubCache.IsRepository(path) ? new HubCache(path).DefaultSnapshot() : path);
        if (HubName.TryParse(model) is not { } name)
            return ShippedFiles.Require(model, "the model");
        environment ??= HubEnvironment.FromProcess();
        var snapshot = WithoutBrokenLinks(HubCache.Of(name, environment).FindSnapshot(name) ?? throw NotThere(name, environment));
        return ModelFiles.Choose(Names(snapshot)).Missing is [var missing, ..]
            ? throw new UserErrorException($"{snapshot}, the model {name} in the Hugging Face cache, lacks {missing}; fetch it with --download.")
            : snapshot;
    }

    /// <summary>The model on the Hub that would have to be fetched before <see cref="Find"/> succeeds; null when there is nothing to fetch.</summary>
    /// <param name="model">What the user wrote.</param>
    /// <param name="environment">Where the cache is.</param>
    public static HubName? ToFetch(string model, HubEnvironment environment)
    {
        if (ShippedFiles.Find(model) is not null || HubName.TryParse(model) is not { } name)
            return null;
        if (HubCache.Of(name, environment).FindSnapshot(name) is not { } snapshot)
            return name;
        var files = ModelFiles.Choose(Names(snapshot));
        return files.Missing.Count > 0 || BrokenLink(snapshot, files) is not null ? name : null;
    }

    /// <summary>A folder of the cache is made of links: one of a needed file that leads nowhere is named here, where its reason is known.</summary>
    private static string WithoutBrokenLinks(string folder)
    {
        if (!Directory.Exists(folder) || BrokenLink(folder, ModelFiles.Choose(Names(folder))) is not { } link)
            return folder;
        throw new UserErrorException(
            $"{link} is a link to {LinkTarget.Missing(link)}, which is not there: the model was not fetched to its end, or the cache was cleaned; name the model as ORG/NAME and add --download, or fetch the file again.");
    }

    private static string? BrokenLink(string folder, ModelFiles files) =>
        files.Chosen.Select(name => Path.Combine([folder, .. name.Split('/')])).FirstOrDefault(path => !LinkTarget.Exists(path));

    private static IEnumerable<string> Names(string folder) =>
        Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1, AttributesToSkip = FileAttributes.None })
            .Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/'));

    private static UserErrorException NotThere(HubName name, HubEnvironment environment) => new(
        $"Cannot find the model {name}: there is no such folder from {Directory.GetCurrentDirectory()} or from {AppContext.BaseDirectory} upwards, "
        + $"and the Hugging Face cache has no {Path.Combine(environment.Cache, name.FolderName)} with the revision {name.Revision}; "
        + $"add --download to fetch it, or download {environment.Endpoint}/{name.Repository}/tree/{name.Revision} as a folder and name that as the model.");
}
