using System.CommandLine;
using Gatehouse.Commands;

var root = new RootCommand("Gatehouse: the one door between AI agents and the models, tools and agents they call.")
{
    ServeCommand.Create(),
    CheckCommand.Create(),
    KeyCommand.Create(),
    RouteCommand.Create(),
    RunCommand.Create(),
    ConfigCommand.Create(),
    CatalogCommand.Create(),
    AlertCommand.Create(),
    CacheCommand.Create(),
    UsageCommand.Create(),
};

var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
    {
        await Console.Error.WriteLineAsync(error.Message);
    }

    await Console.Error.WriteLineAsync("Try --help.");
    return ExitCodes.Usage;
}

return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
