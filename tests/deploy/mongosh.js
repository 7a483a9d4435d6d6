// As much of MongoDB's shell as deploy/compose/mongodb.js asks for: `node mongosh.js PYTHON URL SCRIPT`. Each command goes
// to a real server, over a connection of its own (mongo_asked.py), with the login that `auth` has proved.
const { execFileSync } = require("node:child_process");
const { readFileSync } = require("node:fs");
const [python, url, script] = process.argv.slice(2);
let login = null;

function asked(command, as) {
  const told = JSON.stringify({ url, command, login: as });
  const answer = JSON.parse(execFileSync(python, ["-m", "tests.deploy.mongo_asked"], { input: told }));
  if (!answer.ok) {
    throw new Error(answer.errmsg);
  }
  return answer;
}

const admin = {
  runCommand: (command) => asked(command, login),
  auth(name, password) {
    asked({ ping: 1 }, [name, password]);
    login = [name, password];
  },
  getUser: (name) => asked({ usersInfo: name }, login).users[0],
  createUser: ({ user, ...rest }) => asked({ createUser: user, ...rest }, login),
};
globalThis.db = { getSiblingDB: () => admin };
globalThis.quit = process.exit;
new Function(readFileSync(script, "utf8"))();
