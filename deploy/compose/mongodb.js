// Asked by mongosh, beside mongod, whether MongoDB may be used; makes it so on the way, each thing once: a replica set of
// one, and two logins. The first login may be made by whoever is on the same machine, as long as there is none.
const { MONGODB_ADDRESS, MONGODB_PASSWORD, MONGODB_ROOT_PASSWORD } = process.env;
const admin = db.getSiblingDB("admin");
const told = admin.runCommand({ hello: 1 });

if (told.isreplicaset) {
  admin.runCommand({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host: MONGODB_ADDRESS }] } });
}
if (!told.isWritablePrimary) {
  quit(1);
}
try {
  admin.auth("root", MONGODB_ROOT_PASSWORD);
} catch {
  admin.createUser({ user: "root", pwd: MONGODB_ROOT_PASSWORD, roles: ["root"] });
  admin.auth("root", MONGODB_ROOT_PASSWORD);
}
if (!admin.getUser("wxdesk")) {
  admin.createUser({ user: "wxdesk", pwd: MONGODB_PASSWORD, roles: [{ role: "readWrite", db: "wxdesk" }] });
}
